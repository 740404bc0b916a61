// Every test starts with an empty database that has all migrations.
import { applyD1Migrations, type D1Migration, reset } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { beforeEach } from "vitest";

declare global {
  namespace Cloudflare {
    interface Env {
      DB: D1Database;
      KEY_COPIES: KVNamespace;
      TEST_MIGRATIONS: D1Migration[];
    }
  }
}

beforeEach(async () => {
  // The reset forgets storage that has been idle for so long that the runtime has unloaded it: then it would stay as it is.
  await Promise.all([env.DB.prepare("SELECT 1").run(), env.KEY_COPIES.get("none")]);
  await reset();
  await applyD1Migrations(env.DB, env.TEST_MIGRATIONS);
});
