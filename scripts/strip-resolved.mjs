// Removes the download address of each package from an npm lock file. The integrity hash stays and is
// what `npm ci` verifies; the registry is then the one that the person installing has configured.
import { readFileSync, writeFileSync } from "node:fs";

for (const path of process.argv.slice(2)) {
  const lock = JSON.parse(readFileSync(path, "utf8"));
  for (const entry of Object.values(lock.packages)) {
    delete entry.resolved;
    delete entry.funding; // advertises addresses that no installer reads
  }
  writeFileSync(path, JSON.stringify(lock, null, 2) + "\n");
}
