//! What wgpu has no way to ask of a browser: the name of its GPU, as wgpu passes only the adapter's description on, which
//! browsers leave empty; and pipelines compiled side by side.

use std::cell::RefCell;
use std::pin::Pin;
use std::rc::Rc;
use std::task::Poll;

use js_sys::{Array, Function, Object, Promise, Proxy, Reflect};
use wasm_bindgen::closure::Closure;
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_futures::JsFuture;

use crate::device::Device;

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
const CREATE: &str = "createComputePipeline";
const CREATE_ASYNC: &str = "createComputePipelineAsync";

/// Starts what `create`, which makes one pipeline through wgpu, asks the browser for, without waiting for it; what `create`
/// returns is useless. `None` where the browser cannot.
pub(crate) fn start_pipeline(create: &dyn Fn() -> wgpu::ComputePipeline) -> Option<Promise> {
    let started = Rc::new(RefCell::new(None));
    let promise = Rc::clone(&started);
    instead(create, move |device, arguments| {
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
    instead(create, move |_, _| pipeline.clone()).unwrap_or_else(create)
}

/// What comes of a promise, or what the browser says against it; also where the GPU is lost, when it may never answer.
pub(crate) async fn answer(device: &Device, promise: Promise) -> Result<JsValue, String> {
    let mut future = JsFuture::from(promise);
    let in_words = |error: JsValue| get(&error, "message").unwrap_or(error).as_string().unwrap_or_default();
    std::future::poll_fn(|context| match Pin::new(&mut future).poll(context) {
        Poll::Ready(answer) => Poll::Ready(answer.map_err(in_words)),
        Poll::Pending => device.poll_lost(context).map(|()| Err("the GPU was lost".to_owned())),
    })
    .await
}

/// Lets `answer` stand in for the browser's function while `create` runs: it is given the device and the arguments.
fn instead(
    create: &dyn Fn() -> wgpu::ComputePipeline,
    answer: impl Fn(JsValue, Array) -> JsValue + 'static,
) -> Option<wgpu::ComputePipeline> {
    let prototype = get(&get(&js_sys::global(), "GPUDevice")?, "prototype")?;
    let original = get(&prototype, CREATE)?;
    let apply = move |_: JsValue, device: JsValue, arguments: Array| answer(device, arguments);
    let apply: Box<dyn Fn(JsValue, JsValue, Array) -> JsValue> = Box::new(apply);
    let apply = Closure::wrap(apply);
    let handler = Object::new();
    Reflect::set(&handler, &"apply".into(), apply.as_ref()).ok()?;
    Reflect::set(&prototype, &CREATE.into(), &Proxy::new(&original, &handler)).ok()?;
    let created = create();
    Reflect::set(&prototype, &CREATE.into(), &original).ok()?;
    Some(created)
}
