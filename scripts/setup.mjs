// Brings node_modules in line with package-lock.json, so that `npm start` and `npm test` work on a fresh clone.
// Plain JavaScript, since it runs on the machine's own Node; everything after it runs on the one in node_modules.
import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, readFileSync } from "node:fs";

const root = new URL("../", import.meta.url);

/** @param {string} path */
const packagesOf = (path) => JSON.parse(readFileSync(new URL(path, root), "utf8")).packages;

/** Whether every package of the lock file is installed at its version. */
function isUpToDate() {
  if (!existsSync(new URL("node_modules/.package-lock.json", root))) return false;
  if (!existsSync(new URL("node_modules/.bin/node", root))) return false;
  const want = packagesOf("package-lock.json");
  const have = packagesOf("node_modules/.package-lock.json");
  return Object.keys(want).every((name) => {
    if (name === "") return true;
    return have[name] ? have[name].version === want[name].version : want[name].optional === true;
  });
}

if (!isUpToDate()) {
  console.log("Installing packages from package-lock.json (once, about half a minute) ...");
  const npm = spawnSync("npm", ["ci", "--loglevel=error"], {
    cwd: root,
    stdio: ["ignore", "ignore", "inherit"],
    shell: process.platform === "win32",
  });
  if (npm.status !== 0) {
    console.error("npm ci failed: see above. The package registry must be reachable for a first start.");
    process.exit(npm.status ?? 1);
  }
}

// wrangler.toml names this folder, and wrangler fails without it; the console is built into it.
mkdirSync(new URL("dist/assets", root), { recursive: true });
