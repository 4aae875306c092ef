use std::cell::Cell;
use std::rc::Rc;

use js_sys::{Array, Function, Object, Proxy, Reflect};
use wasm_bindgen::closure::Closure;
use wasm_bindgen::{JsCast, JsValue};

type Apply = dyn Fn(JsValue, JsValue, Array) -> JsValue;

/// How often a function of the browser's `GPUDevice` is called, as long as this lives.
pub struct DeviceCalls {
    name: &'static str,
    prototype: Object,
    original: Function,
    n: Rc<Cell<usize>>,
    _apply: Closure<Apply>,
}

impl DeviceCalls {
    /// None yet.
    ///
    /// # Panics
    /// Where the browser has no WebGPU, or not this function.
    pub fn of(name: &'static str) -> Self {
        let prototype: Object = js_sys::eval("GPUDevice.prototype").unwrap().dyn_into().unwrap();
        let original: Function = Reflect::get(&prototype, &name.into()).unwrap().dyn_into().unwrap();
        let n = Rc::new(Cell::new(0));
        let (counting, called) = (original.clone(), Rc::clone(&n));
        let apply = Closure::<Apply>::new(move |_: JsValue, device: JsValue, arguments: Array| {
            called.set(called.get() + 1);
            counting.apply(&device, &arguments).unwrap()
        });
        let handler = Object::new();
        Reflect::set(&handler, &"apply".into(), apply.as_ref()).unwrap();
        Reflect::set(&prototype, &name.into(), &Proxy::new(&original, &handler)).unwrap();
        Self { name, prototype, original, n, _apply: apply }
    }

    /// Since it was made.
    pub fn n(&self) -> usize {
        self.n.get()
    }
}

impl Drop for DeviceCalls {
    fn drop(&mut self) {
        // It was set once, so it can be set.
        let _ = Reflect::set(&self.prototype, &self.name.into(), &self.original);
    }
}
