// Lets plain Node import a package that leaves the endings of its files to a bundler.
import { register } from "node:module";

export async function resolve(specifier, context, next) {
  if (!/^\.{1,2}(\/|$)/.test(specifier)) return next(specifier, context);
  for (const ending of ["", ".js", "/index.js"]) {
    try {
      return await next(specifier + ending, context);
    } catch (error) {
      if (!["ERR_MODULE_NOT_FOUND", "ERR_UNSUPPORTED_DIR_IMPORT"].includes(error.code)) throw error;
    }
  }
  return next(specifier, context);
}

if (!globalThis.registered) {
  globalThis.registered = true;
  try {
    register(import.meta.url);
  } catch {
    // already within the hooks' own thread
  }
}
