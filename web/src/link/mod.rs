//! What crosses between the page and its worker, and the page's end of it.
//!
//! A message is the JavaScript object `{ body, arrays }`: `body` is the Rust value as bytes, in a format without names that is
//! small and quick to read and write, `arrays` its `Float32Array`s and `Uint8Array`s. All buffers are transferred and not copied.

mod engine;

pub use engine::{Answer, Engine, Subscription};

use js_sys::{Float32Array, Object, Reflect, Uint8Array};
use protocol::{Array, Message};
use serde::Serialize;
use serde::de::DeserializeOwned;
use wasm_bindgen::{JsCast, JsValue};

/// A serialisable value as plain JavaScript: objects, arrays, strings, numbers and `null`.
///
/// # Errors
/// Where a 64-bit number is too large to be exact as a JavaScript number.
pub fn to_js<T: Serialize>(value: &T) -> Result<JsValue, String> {
    let serializer = serde_wasm_bindgen::Serializer::json_compatible();
    let serializer = serializer.serialize_large_number_types_as_bigints(false);
    value.serialize(&serializer).map_err(|error| error.to_string())
}

/// The fields of a variant of an enum of messages, without its name.
///
/// # Errors
/// As [`to_js`].
pub fn fields_to_js<T: Serialize>(variant: &T) -> Result<JsValue, String> {
    let named = to_js(variant)?;
    Ok(Object::values(named.unchecked_ref()).get(0))
}

/// An array as its JavaScript twin, copied out of WebAssembly's memory.
pub fn array_to_js(array: &Array) -> Object {
    match array {
        Array::F32(values) => Float32Array::from(values.as_slice()).unchecked_into(),
        Array::U8(bytes) => Uint8Array::from(bytes.as_slice()).unchecked_into(),
    }
}

/// A value as bytes, for [`from_bytes`] in another worker of the same program.
///
/// # Panics
/// Where the value is of a kind that the format has no form for, which is the program's own fault.
pub fn to_bytes<T: Serialize>(value: &T) -> Uint8Array {
    let bytes = postcard::to_allocvec(value).expect("messages consist of what the format has a form for");
    Uint8Array::from(bytes.as_slice())
}

/// The value that [`to_bytes`] wrote.
///
/// # Errors
/// Where these are no such bytes.
pub fn from_bytes<T: DeserializeOwned>(bytes: &JsValue) -> Result<T, String> {
    let bytes = bytes.dyn_ref::<Uint8Array>().ok_or("what was sent has to be a Uint8Array")?;
    postcard::from_bytes(&bytes.to_vec()).map_err(|error| error.to_string())
}

/// A message for `postMessage`, and the list of buffers to transfer with it.
pub fn encode<T: Serialize>(message: &Message<T>) -> (JsValue, js_sys::Array) {
    let (arrays, transfer) = (js_sys::Array::new(), js_sys::Array::new());
    for array in &message.arrays {
        let array = array_to_js(array);
        transfer.push(&field(&array, "buffer"));
        arrays.push(&array);
    }
    let object = Object::new();
    let body = to_bytes(&message.body);
    transfer.push(&body.buffer());
    for (name, value) in [("body", body.as_ref()), ("arrays", arrays.as_ref())] {
        Reflect::set(&object, &name.into(), value).expect("a new object takes new fields");
    }
    (object.into(), transfer)
}

/// The message that [`encode`] made, as `MessageEvent.data` brings it.
///
/// # Errors
/// What does not fit.
pub fn decode<T: DeserializeOwned>(data: JsValue) -> Result<Message<T>, String> {
    let body = from_bytes(&field(&data, "body"))?;
    let arrays = field(&data, "arrays");
    let arrays = arrays.dyn_ref::<js_sys::Array>().ok_or("a message needs the list `arrays`")?;
    let arrays = arrays.iter().map(|array| array_from_js(&array)).collect::<Result<_, _>>()?;
    Ok(Message { body, arrays })
}

/// A JavaScript typed array's numbers, copied into WebAssembly's memory.
///
/// # Errors
/// Where it is neither a `Float32Array` nor a `Uint8Array`.
pub fn array_from_js(value: &JsValue) -> Result<Array, String> {
    if let Some(values) = value.dyn_ref::<Float32Array>() {
        Ok(Array::F32(values.to_vec()))
    } else if let Some(bytes) = value.dyn_ref::<Uint8Array>() {
        Ok(Array::U8(bytes.to_vec()))
    } else {
        Err("an array has to be a Float32Array or a Uint8Array".to_owned())
    }
}

/// A field of a JavaScript value; undefined where there is none.
pub(crate) fn field(value: &JsValue, name: &str) -> JsValue {
    Reflect::get(value, &name.into()).unwrap_or(JsValue::UNDEFINED)
}
