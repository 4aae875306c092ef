use js_sys::{Function, Object};
use protocol::{Event, Message};
use wasm_bindgen::prelude::Closure;
use wasm_bindgen::{JsCast, JsValue};

use super::{error, parsed, set};
use crate::link::{array_to_js, field, fields_to_js};
use crate::store::Workbench;

/// The events' names for scripts.
const NAMES: [&str; 9] = [
    "backend",
    "dataProgress",
    "data",
    "restarted",
    "status",
    "metrics",
    "inspection",
    "diverged",
    "deviceLost",
];

/// `on(event, callback)`, which returns the function that ends the subscription.
pub fn install(api: &Object, workbench: Workbench) {
    let on = move |name: JsValue, callback: JsValue| -> Result<JsValue, JsValue> {
        let name = name.as_string().filter(|name| NAMES.contains(&name.as_str()));
        let name = name.ok_or_else(|| error(&format!("event has to be one of {}", NAMES.join(", "))))?;
        let callback = callback.dyn_into::<Function>().map_err(|_| error("callback has to be a function"))?;
        let subscription = workbench.engine.subscribe(move |message| {
            if name_of(&message.body) == name {
                match payload(message) {
                    // What a script's callback throws is reported by the browser as any other uncaught error would be.
                    Ok(payload) => report(callback.call1(&JsValue::UNDEFINED, &payload)),
                    Err(text) => web_sys::console::error_1(&text.into()),
                }
            }
        });
        let end = Closure::<dyn Fn()>::new(move || workbench.engine.unsubscribe(subscription));
        Ok(end.into_js_value())
    };
    let on = Closure::<dyn Fn(JsValue, JsValue) -> Result<JsValue, JsValue>>::new(on);
    set(api, "on", &on.into_js_value());
}

fn report(outcome: Result<JsValue, JsValue>) {
    if let Err(thrown) = outcome {
        web_sys::console::error_1(&thrown);
    }
}

const fn name_of(event: &Event) -> &'static str {
    match event {
        Event::Ready { .. } => "ready",
        Event::Backend(_) => "backend",
        Event::DataProgress { .. } => "dataProgress",
        Event::Data(_) => "data",
        Event::Restarted { .. } => "restarted",
        Event::Status(_) => "status",
        Event::Metrics { .. } => "metrics",
        Event::Inspection(_) => "inspection",
        Event::Diverged { .. } => "diverged",
        Event::DeviceLost { .. } => "deviceLost",
        Event::Reply { .. } => "reply",
    }
}

/// Fields that messages hold as [texts of JSON](nn::as_json).
const TEXTS: [&str; 3] = ["model", "options", "sample"];

/// The event as an object, with its arrays where it has any.
fn payload(message: &Message<Event>) -> Result<JsValue, String> {
    let payload = fields_to_js(&message.body)?;
    for name in TEXTS {
        if let Some(text) = field(&payload, name).as_string() {
            set(&payload, name, &parsed(&text)?);
        }
    }
    if !message.arrays.is_empty() {
        let arrays: js_sys::Array = message.arrays.iter().map(array_to_js).collect();
        set(&payload, "arrays", &arrays);
    }
    Ok(payload)
}
