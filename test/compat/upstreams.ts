// The upstreams of docs/upstream.md, which check the identity of each request: how each is built.
import { cpSync, existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { find, run, SCRATCH } from "./scratch.ts";

const SOURCES = join(import.meta.dirname, "../../docs/upstream");
const FOLDER = join(SCRATCH, "upstream");
const PYTHON = join(FOLDER, "bin/python");
const PACKAGES = ["pyjwt[crypto]==2.15.1", "fastapi==0.165.0", "uvicorn==0.54.0", "websockets"];

export interface Upstream {
  readonly name: string;
  /** Builds it. @returns its command line @throws when this machine lacks something */
  prepare(): readonly string[];
}

export const UPSTREAMS: readonly Upstream[] = [
  // Where its package is: beside the project's.
  { name: "Node", prepare: () => [process.execPath, join(SOURCES, "verify.mjs")] },
  {
    name: "Go",
    prepare() {
      run(copy(), [find("go"), "build", "-o", "verify", "verify.go"]);
      return [join(FOLDER, "verify")];
    },
  },
  { name: "Python", prepare: () => [installPython(), join(copy(), "verify.py")] },
  { name: "FastAPI", prepare: () => [installPython(), join(copy(), "fastapi_app.py")] },
  { name: "Java", prepare: () => [find("java"), join(copy(), "Verify.java")] },
  { name: "Spring", prepare: buildSpring },
];

function copy(): string {
  mkdirSync(FOLDER, { recursive: true });
  cpSync(SOURCES, FOLDER, { recursive: true });
  return FOLDER;
}

/** @returns the Python of an environment that has the packages */
function installPython(): string {
  if (existsSync(PYTHON) && run(FOLDER, [PYTHON, "-m", "pip", "list"]).includes("websockets")) return PYTHON;
  run(copy(), [find("python3"), "-m", "venv", "."]);
  run(FOLDER, [PYTHON, "-m", "pip", "install", "--quiet", "--retries=1", "--timeout=15", ...PACKAGES]);
  return PYTHON;
}

function buildSpring(): readonly string[] {
  const folder = join(SCRATCH, "upstream-spring");
  cpSync(join(import.meta.dirname, "upstreams"), folder, { recursive: true });
  for (const name of ["Verify.java", "GatehouseFilter.java"]) {
    writeFileSync(join(folder, name), `package upstream;\n${readFileSync(join(SOURCES, name), "utf8")}`);
  }
  const maven = [find("mvn"), "--quiet", "--batch-mode"];
  if (!existsSync(join(folder, "lib")))
    run(folder, [...maven, "dependency:copy-dependencies", "-DoutputDirectory=lib"]);
  // Spring reads the names of parameters.
  run(folder, [
    find("javac"),
    "-parameters",
    "-cp",
    "lib/*",
    "-d",
    ".",
    "Verify.java",
    "GatehouseFilter.java",
    "Application.java",
  ]);
  return [find("java"), "-cp", [folder, join(folder, "lib/*")].join(":"), "upstream.Application"];
}
