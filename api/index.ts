// Which API this gateway is in front of.
export { api } from "./aeon/api.ts";
