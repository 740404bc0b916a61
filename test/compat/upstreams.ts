// The upstreams of docs/upstream.md, which check the identity of each request: how each is built.
import { cpSync, existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { find, run, SCRATCH } from "./scratch.ts";

const SOURCES = join(import.meta.dirname, "../../docs/upstream");
const FOLDER = join(SCRATCH, "upstream");
const SPRING = join(SCRATCH, "upstream-spring");
const PYTHON = join(FOLDER, "bin/python");
const PACKAGES = ["pyjwt[crypto]==2.15.1", "fastapi==0.165.0", "uvicorn==0.54.0", "websockets==17.4"];

export interface Upstream {
  readonly name: string;
  /** Looks for what it needs, and installs packages. @throws when this machine lacks something */
  install(): void;
  /** @returns its command line @throws when it cannot be built */
  build(): readonly string[];
}

export const UPSTREAMS: readonly Upstream[] = [
  // Where its package is: beside the project's.
  { name: "Node", install: () => undefined, build: () => [process.execPath, join(SOURCES, "verify.mjs")] },
  {
    name: "Go",
    install: () => find("go"),
    build() {
      run(copy(), [find("go"), "build", "-o", "verify", "verify.go"]);
      return [join(FOLDER, "verify")];
    },
  },
  { name: "Python", install: installPython, build: () => [PYTHON, join(copy(), "verify.py")] },
  { name: "FastAPI", install: installPython, build: () => [PYTHON, join(copy(), "fastapi_app.py")] },
  { name: "Java", install: () => find("java"), build: () => [find("java"), join(copy(), "Verify.java")] },
  { name: "Spring", install: installSpring, build: buildSpring },
];

function copy(): string {
  mkdirSync(FOLDER, { recursive: true });
  cpSync(SOURCES, FOLDER, { recursive: true });
  return FOLDER;
}

/** Makes an environment that has the packages. */
function installPython(): void {
  if (existsSync(join(FOLDER, "bin/websockets"))) return;
  run(copy(), [find("python3"), "-m", "venv", "."]);
  run(FOLDER, [PYTHON, "-m", "pip", "install", "--quiet", "--retries=1", "--timeout=15", ...PACKAGES]);
}

function installSpring(): void {
  find("javac");
  if (existsSync(join(SPRING, "lib"))) return;
  cpSync(join(import.meta.dirname, "upstreams"), SPRING, { recursive: true });
  run(SPRING, [find("mvn"), "--quiet", "--batch-mode", "dependency:copy-dependencies", "-DoutputDirectory=lib"]);
}

function buildSpring(): readonly string[] {
  cpSync(join(import.meta.dirname, "upstreams"), SPRING, { recursive: true });
  for (const name of ["Verify.java", "GatehouseFilter.java"]) {
    writeFileSync(join(SPRING, name), `package upstream;\n${readFileSync(join(SOURCES, name), "utf8")}`);
  }
  const files = ["Verify.java", "GatehouseFilter.java", "Application.java"];
  // Spring reads the names of parameters.
  run(SPRING, [find("javac"), "-J-XX:TieredStopAtLevel=1", "-parameters", "-cp", "lib/*", "-d", "classes", ...files]);
  return [find("java"), "-XX:TieredStopAtLevel=1", "-cp", `${SPRING}/classes:${SPRING}/lib/*`, "upstream.Application"];
}
