// Entry point: renders the console into index.html.
import { createRoot } from "react-dom/client";
import { App } from "./app.tsx";
import { applyTheme } from "./theme.ts";
import "./style.css";

applyTheme();
const root = document.getElementById("root");
if (root !== null) createRoot(root).render(<App />);
