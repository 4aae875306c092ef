//! What wgpu has no way to ask of a browser: the name of its GPU, as wgpu passes only the adapter's description on, which
//! browsers leave empty; numbers taken from other invocations; and pipelines compiled side by side.

use std::cell::{Cell, RefCell};
use std::rc::Rc;

use js_sys::{Array, Function, Object, Promise, Proxy, Reflect};
use wasm_bindgen::closure::Closure;
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

/// The one function through which wgpu compiles, and the one that compiles beside others.
const CREATE: [&str; 2] = ["GPUDevice", "createComputePipeline"];
const CREATE_ASYNC: &str = "createComputePipelineAsync";

/// Starts what `create`, which makes one pipeline through wgpu, asks the browser for, without waiting for it; what `create`
/// returns is useless. `None` where the browser cannot.
pub(crate) fn start_pipeline(create: &dyn Fn() -> wgpu::ComputePipeline) -> Option<Promise> {
    let started = Rc::new(RefCell::new(None));
    let promise = Rc::clone(&started);
    instead(CREATE, create, move |_, device, arguments| {
        let create: Option<Function> = get(&device, CREATE_ASYNC).and_then(|create| create.dyn_into().ok());
        *promise.borrow_mut() = create.and_then(|create| create.apply(&device, &arguments).ok());
        Object::new().into()
    })?;
    let promise = started.borrow_mut().take()?;
    promise.dyn_into().ok()
}

/// A pipeline that the browser has compiled, as wgpu's: `create` is to make one through wgpu, and is given this.
pub(crate) fn adopt_pipeline(
    pipeline: JsValue,
    create: &dyn Fn() -> wgpu::ComputePipeline,
) -> wgpu::ComputePipeline {
    instead(CREATE, create, move |_, _, _| pipeline.clone()).unwrap_or_else(create)
}

/// What comes of a promise, or what the browser says against it.
pub(crate) async fn answer(promise: Promise) -> Result<JsValue, String> {
    let in_words = |error: JsValue| get(&error, "message").unwrap_or(error).as_string().unwrap_or_default();
    JsFuture::from(promise).await.map_err(in_words)
}

/// What `request`, which asks for a device through wgpu, comes to, and whether the device has the feature "subgroups": wgpu
/// has no word for it in browsers.
pub(crate) fn with_subgroups<T>(request: impl Fn() -> T) -> (T, bool) {
    let added = Rc::new(Cell::new(false));
    let is_added = Rc::clone(&added);
    let requested =
        instead(["GPUAdapter", "requestDevice"], &request, move |original, adapter, arguments| {
            let required =
                get(&arguments.get(0), "requiredFeatures").and_then(|list| list.dyn_into::<Array>().ok());
            if let (Some(true), Some(required)) = (has_subgroups(&adapter), required) {
                required.push(&SUBGROUPS.into());
                is_added.set(true);
            }
            original.apply(&adapter, &arguments).unwrap_or_else(|error| Promise::reject(&error).into())
        });
    (requested.unwrap_or_else(request), added.get())
}

const SUBGROUPS: &str = "subgroups";

fn has_subgroups(adapter: &JsValue) -> Option<bool> {
    let features = get(adapter, "features")?;
    let has: Function = get(&features, "has")?.dyn_into().ok()?;
    has.call1(&features, &SUBGROUPS.into()).ok()?.as_bool()
}

/// Lets `answer` stand in for a class's function while `call` runs: it is given the function, the object and the arguments.
fn instead<T>(
    [class, name]: [&str; 2],
    call: &dyn Fn() -> T,
    answer: impl Fn(&Function, JsValue, Array) -> JsValue + 'static,
) -> Option<T> {
    let prototype = get(&get(&js_sys::global(), class)?, "prototype")?;
    let original: Function = get(&prototype, name)?.dyn_into().ok()?;
    let apply =
        move |original: Function, object: JsValue, arguments: Array| answer(&original, object, arguments);
    let apply: Box<dyn Fn(Function, JsValue, Array) -> JsValue> = Box::new(apply);
    let apply = Closure::wrap(apply);
    let handler = Object::new();
    Reflect::set(&handler, &"apply".into(), apply.as_ref()).ok()?;
    Reflect::set(&prototype, &name.into(), &Proxy::new(&original, &handler)).ok()?;
    let called = call();
    Reflect::set(&prototype, &name.into(), &original).ok()?;
    Some(called)
}
