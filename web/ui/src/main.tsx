// SPDX-License-Identifier: AGPL-3.0-or-later
import { render } from "preact";

import { App } from "./app";

const page = document.getElementById("page");
if (page === null) throw new Error("index.html has no element with the id page");
render(<App />, page);
