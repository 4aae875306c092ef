//! `window.receptive`: the page's actions for scripts. What a script does, the page shows. Its types are in
//! `web/public/receptive.d.ts`.

mod arguments;
mod events;
mod run;

use std::pin::Pin;

use js_sys::{Function, Object, Promise, Reflect};
use leptos::prelude::*;
use nn::ModelSpec;
use protocol::{Array, Command, Reply};
use wasm_bindgen::prelude::Closure;
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_futures::future_to_promise;

use crate::link::{array_to_js, field, to_js};
use crate::store::Workbench;

/// What a call comes to, or why it does not.
type Outcome = Result<JsValue, String>;

/// Puts the object on the window.
pub fn install(workbench: Workbench) {
    let api: Object = field(window().as_ref(), "receptive").dyn_into().unwrap_or_default();
    tell_ready(workbench, &api);
    run::install(&api, workbench);

    getter(&api, "backend", move || workbench.backend.with_untracked(to_js));
    getter(&api, "model", move || parsed(&workbench.model.with_untracked(ModelSpec::to_json)));
    getter(&api, "options", move || {
        let json = workbench.options.with_untracked(serde_json::to_string);
        parsed(&json.map_err(|error| error.to_string())?)
    });
    method(&api, "setBackend", move |argument| async move {
        let backend = arguments::backend(&argument)?;
        request(workbench, Command::SetBackend { backend }, Vec::new()).await.map(done)
    });
    method(&api, "setWorkers", move |argument| async move {
        let n_workers = arguments::workers(&argument)?;
        request(workbench, Command::SetWorkers { n_workers }, Vec::new()).await.map(done)
    });
    method(&api, "setModel", move |argument| async move {
        let model = arguments::model(&argument)?;
        workbench.submit_model(model).await.map(|()| JsValue::UNDEFINED)
    });
    method(&api, "setOptions", move |argument| async move {
        let options = workbench.options.with_untracked(|current| arguments::options(current, &argument))?;
        workbench.submit_options(options).await.map(|()| JsValue::UNDEFINED)
    });
    method(&api, "loadData", move |argument| async move { run::load_data(workbench, &argument).await });
    method(&api, "predict", move |argument| async move {
        let picture = arguments::picture(&argument)?;
        match request(workbench, Command::Predict, vec![picture]).await? {
            (Reply::Predicted(prediction), _) => to_js(&prediction),
            _ => Err(unexpected()),
        }
    });
    method(&api, "activations", move |argument| async move {
        let n_layers = workbench.model.with_untracked(|model| model.layers.len());
        let layer_idx = arguments::layer_idx(&argument, n_layers)?;
        match request(workbench, Command::Activations { layer_idx }, Vec::new()).await? {
            (Reply::Activations { shape }, arrays) => {
                let result = Object::new();
                set(&result, "shape", &to_js(&shape)?);
                set(&result, "data", &first(&arrays)?);
                Ok(result.into())
            }
            _ => Err(unexpected()),
        }
    });
    method(&api, "export", move |argument| async move {
        let format = arguments::export_format(&argument)?;
        workbench.check_valid_now()?;
        match request(workbench, Command::Export { format }, Vec::new()).await? {
            (Reply::Exported { file_name }, arrays) => {
                let result = Object::new();
                set(&result, "fileName", &file_name.into());
                set(&result, "bytes", &first(&arrays)?);
                Ok(result.into())
            }
            _ => Err(unexpected()),
        }
    });
    method(&api, "weights", move |_| async move {
        let (_, arrays) = request(workbench, Command::Weights, Vec::new()).await?;
        first(&arrays)
    });
    method(&api, "setWeights", move |argument| async move {
        let bytes = arguments::bytes(&argument)?;
        request(workbench, Command::SetWeights, vec![bytes]).await.map(done)
    });
    events::install(&api, workbench);
    set(window().as_ref(), "receptive", &api);
}

/// Resolves `ready`, which the page's first script has made, when the worker has data and a network.
fn tell_ready(workbench: Workbench, api: &Object) {
    let resolve: Option<Function> = field(api, "tellReady").dyn_into().ok();
    // Nobody else is to resolve it.
    Reflect::delete_property(api, &"tellReady".into()).ok();
    let resolve: StoredValue<Option<Function>, LocalStorage> = StoredValue::new_local(resolve);
    Effect::new(move |_| {
        let is_ready = workbench.ready.get() && workbench.data.with(Option::is_some);
        if is_ready && let Some(resolve) = resolve.try_update_value(Option::take).flatten() {
            resolve.call0(&JsValue::UNDEFINED).ok();
        }
    });
}

/// Sends a command and waits for its reply.
async fn request(
    workbench: Workbench,
    command: Command,
    arrays: Vec<Array>,
) -> Result<(Reply, Vec<Array>), String> {
    workbench.engine.send(command, arrays).await
}

/// A text of JSON as the value that it describes. Numbers go this way where people have written them: the float32 0.1 is then
/// 0.1, and not 0.10000000149.
fn parsed(json: &str) -> Outcome {
    js_sys::JSON::parse(json).map_err(|error| format!("{error:?}"))
}

fn done(_: (Reply, Vec<Array>)) -> JsValue {
    JsValue::UNDEFINED
}

fn unexpected() -> String {
    "the worker answered something else".to_owned()
}

fn first(arrays: &[Array]) -> Outcome {
    arrays
        .first()
        .map(|array| array_to_js(array).into())
        .ok_or_else(|| "the worker sent no numbers".to_owned())
}

fn set(object: &JsValue, name: &str, value: &JsValue) {
    Reflect::set(object, &name.into(), value).expect("plain objects and the window take new fields");
}

fn error(text: &str) -> JsValue {
    js_sys::Error::new(text).into()
}

/// A method that answers at once.
fn getter(api: &Object, name: &str, read: impl Fn() -> Outcome + 'static) {
    let closure =
        Closure::<dyn Fn() -> Result<JsValue, JsValue>>::new(move || read().map_err(|text| error(&text)));
    set(api, name, &closure.into_js_value());
}

/// A method that answers with a promise. It has one argument at most; what is missing is undefined.
fn method<F>(api: &Object, name: &str, act: impl Fn(JsValue) -> F + 'static)
where
    F: Future<Output = Outcome> + 'static,
{
    let closure =
        Closure::<dyn Fn(JsValue) -> Promise>::new(move |argument: JsValue| promise(Box::pin(act(argument))));
    set(api, name, closure.into_js_value().unchecked_ref());
}

/// The same for every method, so that what drives a promise is in the program once.
fn promise(outcome: Pin<Box<dyn Future<Output = Outcome>>>) -> Promise {
    future_to_promise(async move { outcome.await.map_err(|text| error(&text)) })
}
