//! The other role of the worker's program: it computes parts of batches for the worker that started it.
//!
//! Messages are arrays. To a helper: `[id, bytes]` of a task sets one up, `[id, numbers]` has it computed, `[id]` forgets it. From a
//! helper: `[]` when it has started, `[id, numbers]` with the answer in front, `[id, text]` where it cannot. The buffers of
//! numbers are transferred, and the same one goes back and forth.

use std::collections::BTreeMap;

use js_sys::{Array, Float32Array};
use trainer::{Replica, Task};
use wasm_bindgen::closure::Closure;
use wasm_bindgen::{JsCast, JsValue};
use web_sys::{DedicatedWorkerGlobalScope, MessageEvent};

use crate::link::from_bytes;

/// The name of a worker in this role.
pub(super) const NAME: &str = "receptive-helper";

/// Answers messages from now until the worker that started this one ends it.
pub(super) fn run(scope: DedicatedWorkerGlobalScope) {
    let mut helper = Helper { scope: scope.clone(), replicas: BTreeMap::new(), numbers: Vec::new() };
    // It computes within the event's handler, so that a panic reaches the worker that started this one as an error.
    let on_message = Closure::<dyn FnMut(MessageEvent)>::new(move |event: MessageEvent| {
        helper.receive(&event.data().unchecked_into());
    });
    scope.set_onmessage(Some(on_message.as_ref().unchecked_ref()));
    on_message.forget();
    scope.post_message(&Array::new()).expect("an empty array can be posted");
}

struct Helper {
    scope: DedicatedWorkerGlobalScope,
    replicas: BTreeMap<u32, Replica>,
    /// The numbers while they are computed with.
    numbers: Vec<f32>,
}

impl Helper {
    fn receive(&mut self, message: &Array) {
        let (js_id, content) = (message.get(0), message.get(1));
        let id = js_id.as_f64().unwrap_or_default() as u32;
        let result = if let Some(array) = content.dyn_ref::<Float32Array>() {
            self.compute(id, &js_id, array)
        } else if content.is_undefined() {
            self.replicas.remove(&id);
            Ok(())
        } else {
            set_up(&content).map(|replica| drop(self.replicas.insert(id, replica)))
        };
        if let Err(text) = result {
            let message = Array::of2(&js_id, &text.into());
            self.scope.post_message(&message).expect("texts can be posted");
        }
    }

    fn compute(&mut self, id: u32, js_id: &JsValue, array: &Float32Array) -> Result<(), String> {
        let replica = self.replicas.get_mut(&id).ok_or("it was not told what to compute")?;
        self.numbers.resize(array.length() as usize, 0.0);
        array.copy_to(&mut self.numbers);
        let n_answer = replica.run(&mut self.numbers).map_err(|error| error.to_string())?;
        array.subarray(0, n_answer as u32).copy_from(&self.numbers[..n_answer]);
        let (message, transfer) = (Array::of2(js_id, array), Array::of1(&array.buffer()));
        self.scope.post_message_with_transfer(&message, &transfer).expect("arrays can be posted");
        Ok(())
    }
}

fn set_up(task: &JsValue) -> Result<Replica, String> {
    let task: Task = from_bytes(task)?;
    Replica::new(task).map_err(|error| error.to_string())
}
