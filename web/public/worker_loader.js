// The page's workers run the page's own program. Which file beside this one that is, the page says: its name changes with
// its content.
const program = new URL(self.location.href).searchParams.get("program");
const { default: init } = await import(`./${program}`);
await init({ module_or_path: new URL(`./${program.replace(/\.js$/, "_bg.wasm")}`, self.location.href) });
