import { findShare } from "./test-rig/put-back/find-share.ts";

findShare(3, 4);
