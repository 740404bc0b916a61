// A hostile page of the upstream in the browser of an operator whom an access proxy has signed in: what it tries, and what comes
// of it. The page gets into the browser because the proxy adds a key to the requests for it.
import type { Browser, BrowserContext, Page } from "playwright-core";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { type AccessProxy, startAccessProxy } from "../support/access-proxy.ts";
import { clientOf, KEYS_PATH, V1 } from "../support/admin-client.ts";
import { hasBrowser, launchBrowser, violations } from "../support/browser.ts";
import { type Answered, type CookieProxy, startCookieProxy } from "../support/cookie-proxy.ts";
import { ACCOUNT, type Gatehouse, PROJECT, startGatehouse } from "../support/gatehouse.ts";
import { ROLE_IDS } from "../support/seed.ts";

const SELF = `${V1}/auth/self`;
const NEW_KEY = JSON.stringify({ name: "stolen", expire_after_hours: 0, role_id: ROLE_IDS.Admin });

/** What a page can make a browser send, each against one origin; runs in the page. */
async function attack([origin, keys, self, body]: readonly [string, string, string, string]): Promise<string[]> {
  const found: string[] = [];
  const settle = (name: string, work: Promise<unknown>) =>
    work.then((result) => found.push(`${name}: ${String(result)}`)).catch(() => found.push(`${name}: failed`));
  const loaded = (element: HTMLElement & { src?: string; href?: string; data?: string }, url: string) =>
    new Promise((done) => {
      element.addEventListener("load", () => done("loaded"));
      element.addEventListener("error", () => done("error"));
      if (element instanceof HTMLLinkElement) element.href = url;
      else if (element instanceof HTMLObjectElement) element.data = url;
      else element.src = url;
      document.body.append(element);
      setTimeout(() => done("timeout"), 3_000);
    });
  const json = { "content-type": "application/json" };
  const make = (name: string) => document.createElement(name);
  const prefetch = Object.assign(make("link"), { rel: "prefetch" });
  const read = async (response: Response) =>
    `${response.type} ${response.status} ${await response.text().catch(() => "")}`;
  await Promise.all([
    settle("read", fetch(origin + self, { credentials: "include" }).then(read)),
    settle("read without CORS", fetch(origin + self, { credentials: "include", mode: "no-cors" }).then(read)),
    settle("change", fetch(origin + keys, { method: "POST", credentials: "include", headers: json, body }).then(read)),
    settle(
      "change without CORS",
      fetch(origin + keys, { method: "POST", credentials: "include", mode: "no-cors", body }).then(read),
    ),
    settle("beacon", Promise.resolve(navigator.sendBeacon(origin + keys, new Blob([body])))),
    settle("frame", loaded(make("iframe"), origin + self)),
    settle("console in a frame", loaded(make("iframe"), `${origin}/console/`)),
    settle("image", loaded(make("img"), origin + self)),
    settle("script", loaded(make("script"), origin + self)),
    settle("object", loaded(make("object"), origin + self)),
    settle("prefetch", loaded(prefetch, origin + self)),
    settle(
      "worker",
      new Promise((done) => {
        const worker = new Worker("/api/public/v1/pages/worker.js");
        worker.onmessage = ({ data }) => done(data);
        worker.onerror = () => done("error");
      }),
    ),
    settle(
      "service worker",
      navigator.serviceWorker.register("/api/public/v1/pages/sw.js", { scope: "/" }).then(() => "registered"),
    ),
    settle(
      "the console's script as service worker",
      navigator.serviceWorker.register("/console/assets/x.js").then(() => "registered"),
    ),
  ]);
  const form = Object.assign(document.createElement("form"), {
    method: "post",
    action: origin + keys,
    enctype: "text/plain",
    target: "sent",
  });
  form.append(Object.assign(document.createElement("input"), { name: body.slice(0, -1), value: "}" }));
  document.body.append(form);
  form.submit();
  const opened = open(`${origin}/console/`, "opened");
  await new Promise((done) => setTimeout(done, 2_000));
  try {
    found.push(`window: ${opened === null || opened.closed ? "closed" : opened.document.title}`);
  } catch {
    found.push("window: another origin");
  }
  return found;
}

describe.skipIf(!hasBrowser)("a page of the upstream", () => {
  let access: AccessProxy;
  let browser: Browser;
  beforeAll(async () => {
    [access, browser] = await Promise.all([startAccessProxy(), launchBrowser()]);
  });
  afterAll(() => Promise.all([access.close(), browser.close()]));

  /** A deployment behind the access proxy, on two host names that lead to it. */
  function deployment(vars: (port: number) => Readonly<Record<string, string>>) {
    let proxy: CookieProxy;
    let gatehouse: Gatehouse;
    let context: BrowserContext;
    beforeAll(async () => {
      proxy = await startCookieProxy();
      gatehouse = await startGatehouse({ UNKNOWN_OPERATIONS: "admin", ...access.vars, ...vars(proxy.port) });
      const { token } = await gatehouse.key({ name: "admin" });
      const spec = { name: "ada", email: "ada@example.com", role_id: ROLE_IDS.Admin };
      await clientOf(gatehouse, token)("POST", `${V1}/accounts/${ACCOUNT}/operators`, spec);
      const assertion = await access.assertionOf("ada@example.com");
      proxy.open(gatehouse.port, (path) => ({
        "cf-access-jwt-assertion": assertion,
        ...(path.startsWith(`${V1}/pages/`) ? { authorization: `Bearer ${token}` } : {}),
      }));
      gatehouse.upstream.answer((request, response) => {
        const isScript = request.url?.endsWith(".js") === true;
        response.writeHead(200, {
          "content-type": isScript ? "text/javascript" : "text/html",
          "service-worker-allowed": "/",
        });
        response.end(
          isScript ? "postMessage('ran')" : "<title>hostile</title><body><script>document.title = 'ran'</script>",
        );
      });
    });
    afterAll(async () => {
      await gatehouse.close();
      await proxy.close();
    });
    beforeEach(async () => {
      context = await browser.newContext();
    });
    afterEach(() => context.close());
    return {
      at: (host: string) => `http://${host}.localhost:${proxy.port}`,
      answered: () => proxy.answered,
      async open(url: string): Promise<Page> {
        const page = await context.newPage();
        await page.goto(url);
        return page;
      },
      keyNames: async () =>
        (await gatehouse.env.DB.prepare("SELECT name FROM api_keys ORDER BY name").all()).results.map(
          ({ name }) => name,
        ),
    };
  }

  describe("on the only host", () => {
    const { at, open, keyNames, answered } = deployment(() => ({}));

    it("is not opened by the operator's cookie alone, and runs no script when it is opened in another way", async () => {
      const denied = await open(`${at("gate")}/of-the-upstream?q=%3Cscript%3E`);
      expect(await denied.textContent("body")).toContain('"code":"cross_site"');
      const page = await open(`${at("gate")}${V1}/pages/hostile`);
      expect(await page.title()).toBe("hostile");
      expect(await keyNames()).toEqual(["admin"]);
    });

    it("does not keep the console from working beside it", async () => {
      await open(`${at("gate")}${V1}/pages/hostile`);
      const page = await open(`${at("gate")}/console/`);
      await page.getByText("Signed in as ada@example.com (Admin)").waitFor();
      expect(answered().filter(({ path, status }) => path === SELF && status === 200)).toHaveLength(1);
    });
  });

  describe("with scripts, beside a console on a host of its own", () => {
    const { at, open, keyNames, answered } = deployment((port) => ({
      UPSTREAM_SERVES_PAGES: "true",
      CONSOLE_HOST: `console.localhost:${port}`,
    }));

    it.each(["api", "console"])("reads, changes, frames and takes over nothing on the host %s", async (host) => {
      const operators = await open(`${at("console")}/console/`);
      await operators.getByText("Signed in as ada@example.com (Admin)").waitFor();
      const before = answered().length;
      const page = await open(`${at("api")}${V1}/pages/hostile`);
      expect(await page.title()).toBe("ran");
      const found = await page.evaluate(attack, [at(host), KEYS_PATH, SELF, NEW_KEY] as const);
      expect(found.join("\n")).not.toMatch(/API_KEY:CREATE|ada@example|registered|Gatehouse$/);
      expect(found).toContain("worker: ran");
      // The console itself, in its own windows, continues.
      const isConsoles = (each: Answered) => each.host.startsWith("console.") && each.site === "same-origin";
      const attempts = answered()
        .slice(before)
        .filter((each) => /auth\/self|api-keys/.test(each.path) && !isConsoles(each));
      expect(attempts.length).toBeGreaterThan(5);
      expect(attempts.filter(({ status }) => status < 400)).toEqual([]);
      expect(await keyNames()).toEqual(["admin"]);
      await operators.reload();
      await operators.getByText("Signed in as ada@example.com (Admin)").waitFor();
    });

    it("does not name the project to the console, which asks for it", async () => {
      const console = await open(`${at("console")}/console/allow-lists`);
      await console.getByLabel("Project ID").fill("no id");
      await console.getByRole("button", { name: "Show its allow lists" }).click();
      await console.getByText("Enter the ID of the project").waitFor();
      expect(await violations(console)).toEqual([]);
      await console.getByLabel("Project ID").fill(PROJECT);
      await console.getByRole("button", { name: "Show its allow lists" }).click();
      await console.getByRole("button", { name: "Create allow list" }).first().click();
      const form = console.getByRole("dialog", { name: "Create an IP allow list" });
      await form.getByLabel("Name").fill("office");
      await form.getByLabel("Addresses and ranges").fill("203.0.113.0/24");
      await form.getByRole("button", { name: "Create list" }).click();
      await console.getByRole("button", { name: "Done" }).click();
      await console.getByRole("link", { name: "office" }).waitFor();
    });

    it("is not on the console's host, and the console is on no other", async () => {
      const page = await open(`${at("console")}${V1}/pages/hostile`);
      expect(await page.textContent("body")).toContain('"code":"host_not_served"');
      const other = await open(`${at("api")}/console/`);
      expect(await other.textContent("body")).toContain('"code":"host_not_served"');
    });
  });
});
