// SPDX-License-Identifier: LGPL-2.1-or-later
//
//   node kubernetes-job.js json|check FILE.yaml
//
// json: the manifest as JSON. check: against the schema of Kubernetes' API, as the npm package kubernetes-models has it: its types
// know which members there are, its validator what values they may have. The packages are in the directory that NODE_PATH names.
"use strict";
const fs = require("fs");
const path = require("path");
const { spawnSync } = require("child_process");
const modules = process.env.NODE_PATH;

const [what, file] = process.argv.slice(2);
const job = require("js-yaml").load(fs.readFileSync(file, "utf8"));

function check() {
  const { Job } = require("kubernetes-models/batch/v1/Job");
  new Job(job).validate();

  const literal = path.resolve("job.ts");
  fs.writeFileSync(literal, `import { IJob } from "kubernetes-models/batch/v1/Job";\nexport const job: IJob = ${JSON.stringify(job, null, 1)};\n`);
  fs.rmSync("node_modules", { force: true });
  fs.symlinkSync(modules, "node_modules");
  const checked = spawnSync(path.join(modules, ".bin/tsc"),
    ["--noEmit", "--strict", "--skipLibCheck", "--module", "esnext", "--moduleResolution", "bundler", literal], { encoding: "utf8" });
  fs.rmSync("node_modules");
  if (checked.status !== 0)
    throw new Error(checked.stdout + checked.stderr);
}

if (what === "json")
  console.log(JSON.stringify(job));
else
  check();
