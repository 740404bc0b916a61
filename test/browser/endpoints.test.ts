import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { hasBrowser, signIn } from "../support/browser.ts";
import { consoleTest } from "../support/console-test.ts";

const receiver = createServer((request, response) => {
  request.resume().on("end", () => response.writeHead(204).end());
});
let url: string;
beforeAll(async () => {
  await new Promise<void>((resume) => void receiver.listen(0, "127.0.0.1", resume));
  url = `http://127.0.0.1:${(receiver.address() as AddressInfo).port}/in`;
});
afterAll(() => void receiver.close());

describe.skipIf(!hasBrowser)("the page of endpoints", () => {
  const console = consoleTest(undefined, () => ({ ALLOW_LOOPBACK_ENDPOINTS: "true" }));

  it("adds an endpoint, shows its secret once, tests it, sends an event again, disables and deletes it", async () => {
    const page = await console.enter();
    await page.getByRole("link", { name: "Endpoints" }).click();
    await page.getByRole("heading", { name: "No endpoint yet" }).waitFor();
    await page.getByRole("button", { name: "Add endpoint" }).first().click();
    const form = page.getByRole("dialog", { name: "Add an endpoint" });
    await form.getByRole("button", { name: "Add endpoint" }).click();
    for (const text of ["Enter a name.", "Enter the URL."]) await form.getByText(text).waitFor();
    await form.getByLabel("Name").fill("siem");
    await form.getByLabel("URL").fill("https://10.0.0.1/");
    await form.getByRole("button", { name: "Add endpoint" }).click();
    await form.getByText("This must be a public host.").waitFor();
    await form.getByLabel("URL").fill(url);
    await form.getByRole("button", { name: "Add endpoint" }).click();
    const secret = page.getByRole("dialog", { name: "The secret of “siem”" });
    await secret.getByText(/^whsec_/).waitFor();
    await secret.getByRole("button", { name: "I have stored it" }).click();
    await page.getByRole("link", { name: "siem" }).click();
    const sheet = page.getByRole("dialog", { name: "siem" });
    await sheet.getByRole("button", { name: "Send a test" }).click();
    await sheet.getByText("The test has arrived: the receiver answered 204.").waitFor();
    await page.reload();
    await signIn(page, console.world().admin.token);
    await sheet.getByText(/endpoint.create, delivered after one try \(204\)/).waitFor();
    await sheet.getByRole("button", { name: "Send again" }).click();
    await sheet.getByRole("button", { name: "Disable" }).click();
    await sheet.getByText("Disabled").waitFor();
    await sheet.getByRole("button", { name: "Delete …" }).click();
    await page
      .getByRole("dialog", { name: "Delete the endpoint “siem”?" })
      .getByRole("button", { name: "Delete" })
      .click();
    await page.getByRole("heading", { name: "No endpoint yet" }).waitFor();
    expect(new URL(page.url()).pathname).toBe("/console/endpoints");
  });
});
