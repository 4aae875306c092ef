//! What the browser itself says of its GPU: wgpu passes only the adapter's description on, which browsers leave empty.

use js_sys::{Function, Object, Promise, Reflect};
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_futures::JsFuture;

/// The adapter's vendor, architecture and device, such as "google swiftshader"; `None` where the browser tells nothing.
pub(crate) async fn adapter_name() -> Option<String> {
    let gpu = get(&get(&js_sys::global(), "navigator")?, "gpu")?;
    let options = Object::new();
    Reflect::set(&options, &"powerPreference".into(), &"high-performance".into()).ok()?;
    let request: Function = get(&gpu, "requestAdapter")?.dyn_into().ok()?;
    let promise: Promise = request.call1(&gpu, &options).ok()?.dyn_into().ok()?;
    let info = get(&JsFuture::from(promise).await.ok()?, "info")?;
    let field = |name| get(&info, name).and_then(|value| value.as_string()).filter(|text| !text.is_empty());
    let name = [field("vendor"), field("architecture"), field("device")].into_iter().flatten();
    let name = name.collect::<Vec<_>>().join(" ");
    (!name.is_empty()).then_some(name)
}

/// Why there is no adapter, in words for the page's reader.
pub(crate) fn why_no_adapter() -> &'static str {
    match get(&js_sys::global(), "navigator").and_then(|navigator| get(&navigator, "gpu")) {
        None => "this browser has no WebGPU, or it is switched off",
        Some(_) => "this browser has WebGPU, but found no GPU that it can use",
    }
}

fn get(object: &JsValue, name: &str) -> Option<JsValue> {
    Reflect::get(object, &name.into()).ok().filter(|value| !value.is_undefined() && !value.is_null())
}
