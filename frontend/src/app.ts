// Every page: htmx, keyboard search, sortable tables, the demo logins, the session clock.
import htmx from "htmx.org";
import "./style/base.css";
import "./style/shell.css";
import "./style/parts.css";
import "./style/library.css";
import "./style/learning.css";
import "./style/facts.css";
import "./style/files.css";
import "./style/reviews.css";
import "./style/areas.css";
import { watchActKeys } from "./parts/act_keys";
import { watchAddressChoice } from "./parts/address_choice";
import { watchAssigning } from "./parts/assigning";
import { fillDemoLogins } from "./parts/demo_logins";
import { watchPlanKeys } from "./parts/plan_keys";
import { watchReviewKeys } from "./parts/review_keys";
import { watchSearchKeys } from "./parts/search_keys";
import { watchSession } from "./parts/session_clock";
import { watchSortableTables } from "./parts/sortable_tables";
import { watchTrees } from "./parts/tree_keys";
import { watchUploads } from "./parts/upload_progress";

// Because the content security policy allows neither eval nor inline style.
htmx.config.allowEval = false;
htmx.config.includeIndicatorStyles = false;
htmx.config.scrollBehavior = "auto";
// A refusal is a page too: show it where the answer would have been.
htmx.config.responseHandling = [
  { code: "204", swap: false },
  { code: "...", swap: true },
];

declare global {
  interface Window {
    htmx: typeof htmx;
  }
}
window.htmx = htmx;

watchSearchKeys();
watchSession();
fillDemoLogins();
watchSortableTables();
watchUploads();
watchAddressChoice();
watchTrees();
watchAssigning();
watchActKeys();
watchReviewKeys();
watchPlanKeys();
document.documentElement.classList.add("has-scripts");
