// Entry point: renders the first-start page into setup.html.
import { createRoot } from "react-dom/client";
import { applyTheme } from "../theme.ts";
import { SetupPage } from "./setup-page.tsx";
import "../style.css";

applyTheme();
const root = document.getElementById("root");
if (root !== null) createRoot(root).render(<SetupPage />);
