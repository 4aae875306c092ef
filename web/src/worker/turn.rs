//! Letting the event loop have a turn. A message to oneself comes back at once, where a timer would take 4 ms.

use js_sys::Promise;
use wasm_bindgen::JsValue;
use wasm_bindgen_futures::JsFuture;
use web_sys::MessageChannel;

pub(super) struct Turns {
    channel: MessageChannel,
}

impl Turns {
    pub(super) fn new() -> Self {
        Self { channel: MessageChannel::new().expect("workers have message channels") }
    }

    /// Waits for the next turn.
    pub(super) async fn next(&self) {
        let (near, far) = (self.channel.port1(), self.channel.port2());
        let promise = Promise::new(&mut |resolve, _| near.set_onmessage(Some(&resolve)));
        far.post_message(&JsValue::NULL).expect("null can be posted");
        JsFuture::from(promise).await.expect("the promise is only ever resolved");
    }
}
