use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::rc::Rc;

use futures_channel::oneshot;
use js_sys::{Function, Reflect};
use leptos::prelude::{GetValue, LocalStorage, StoredValue};
use protocol::{Array, Command, Event, Message, Reply, Request};
use wasm_bindgen::prelude::Closure;
use wasm_bindgen::{JsCast, JsValue};
use web_sys::{ErrorEvent, MessageEvent, Worker};

use super::{decode, encode, field};

/// The reply to a command with its arrays, or why there is none.
pub type Answer = Result<(Reply, Vec<Array>), String>;

/// The number under which a subscriber is known.
pub type Subscription = u32;

type Subscriber = Rc<dyn Fn(&Message<Event>)>;

/// The page's handle on its worker. It is `Copy`; all copies are the same worker.
#[derive(Clone, Copy, Debug)]
pub struct Engine(StoredValue<Rc<Inner>, LocalStorage>);

#[derive(Default)]
struct Inner {
    worker: RefCell<Option<Worker>>,
    next_id: Cell<u32>,
    waiting: RefCell<BTreeMap<u32, oneshot::Sender<Answer>>>,
    subscribers: RefCell<BTreeMap<Subscription, Subscriber>>,
}

impl Default for Engine {
    fn default() -> Self {
        Self::new()
    }
}

impl Engine {
    /// A handle without a worker yet; commands sent before [`Engine::start`] fail.
    pub fn new() -> Self {
        Self(StoredValue::new_local(Rc::default()))
    }

    /// Takes over the worker that the page's first script has started. `on_failure` hears of a worker that cannot start or that
    /// broke, in a sentence.
    ///
    /// # Errors
    /// Where the browser refused to start it.
    pub fn start(&self, on_failure: impl Fn(String) + 'static) -> Result<(), String> {
        let inner = self.0.get_value();
        let api = field(leptos::prelude::window().as_ref(), "receptive");
        let early = field(&api, "early");
        // Nobody else is to talk to it.
        Reflect::delete_property(api.unchecked_ref::<js_sys::Object>(), &"early".into()).ok();
        let worker: Worker = field(&early, "worker")
            .dyn_into()
            .map_err(|_| "the browser did not start the page's worker".to_owned())?;

        let receiver = Rc::downgrade(&inner);
        let on_message = Closure::<dyn Fn(MessageEvent)>::new(move |message: MessageEvent| {
            if let Some(inner) = receiver.upgrade() {
                inner.receive(&message);
            }
        });
        worker.set_onmessage(Some(on_message.as_ref().unchecked_ref()));

        let failing = Rc::downgrade(&inner);
        let on_error = Closure::<dyn Fn(ErrorEvent)>::new(move |error: ErrorEvent| {
            let said = error.message();
            let reason =
                if said.is_empty() || said == "undefined" { "it could not be loaded".into() } else { said };
            if let Some(inner) = failing.upgrade() {
                inner.fail_all(&reason);
            }
            on_failure(reason);
        });
        worker.set_onerror(Some(on_error.as_ref().unchecked_ref()));
        for event in field(&early, "said").unchecked_into::<js_sys::Array>().iter() {
            let handler: &Function = if event.is_instance_of::<MessageEvent>() {
                on_message.as_ref().unchecked_ref()
            } else {
                on_error.as_ref().unchecked_ref()
            };
            handler.call1(&JsValue::UNDEFINED, &event).ok();
        }
        // The worker lives as long as the page.
        on_message.forget();
        on_error.forget();

        *inner.worker.borrow_mut() = Some(worker);
        Ok(())
    }

    /// Sends a command; the future is its reply.
    pub fn send(&self, command: Command, arrays: Vec<Array>) -> impl Future<Output = Answer> + use<> {
        let receiver = self.0.get_value().post(command, arrays);
        async move { receiver.await.unwrap_or_else(|_| Err("the worker has stopped".to_owned())) }
    }

    /// Calls `subscriber` with every event but replies, in the order in which they come.
    pub fn subscribe(&self, subscriber: impl Fn(&Message<Event>) + 'static) -> Subscription {
        let inner = self.0.get_value();
        let id = inner.new_id();
        inner.subscribers.borrow_mut().insert(id, Rc::new(subscriber));
        id
    }

    /// Ends a subscription.
    pub fn unsubscribe(&self, subscription: Subscription) {
        self.0.get_value().subscribers.borrow_mut().remove(&subscription);
    }
}

impl Inner {
    fn new_id(&self) -> u32 {
        self.next_id.replace(self.next_id.get().wrapping_add(1))
    }

    fn post(&self, command: Command, arrays: Vec<Array>) -> oneshot::Receiver<Answer> {
        let (sender, receiver) = oneshot::channel();
        let id = self.new_id();
        let message = Message { body: Request { id, command }, arrays };
        let posted = match &*self.worker.borrow() {
            Some(worker) => {
                let (message, transfer) = encode(&message);
                worker
                    .post_message_with_transfer(&message, &transfer)
                    .map_err(|error| format!("the worker could not be reached: {error:?}"))
            }
            None => Err("the worker has not started".to_owned()),
        };
        match posted {
            Ok(()) => {
                self.waiting.borrow_mut().insert(id, sender);
            }
            // The receiver is alive in this very function, so this cannot fail.
            Err(error) => sender.send(Err(error)).unwrap_or_default(),
        }
        receiver
    }

    fn receive(&self, message: &MessageEvent) {
        let message = match decode::<Event>(message.data()) {
            Ok(message) => message,
            Err(error) => {
                web_sys::console::error_1(
                    &format!("a message from the worker makes no sense: {error}").into(),
                );
                return;
            }
        };
        if let Event::Reply { id, result } = message.body {
            let waiting = self.waiting.borrow_mut().remove(&id);
            if let Some(sender) = waiting {
                // Whoever asked may have stopped waiting; then nobody needs the answer.
                sender.send(result.map(|reply| (reply, message.arrays))).unwrap_or_default();
            }
            return;
        }
        let subscribers: Vec<Subscriber> = self.subscribers.borrow().values().cloned().collect();
        for subscriber in subscribers {
            subscriber(&message);
        }
    }

    fn fail_all(&self, reason: &str) {
        for (_, sender) in std::mem::take(&mut *self.waiting.borrow_mut()) {
            sender.send(Err(reason.to_owned())).unwrap_or_default();
        }
    }
}
