//! The worker: owns the session, takes the page's requests one by one, and trains between them. It starts further workers
//! of the same program, which compute parts of its batches.

mod fetch;
mod helper;
mod pool;
mod turn;

use std::pin::Pin;
use std::rc::Rc;
use std::task::Poll;

use data::Dataset;
use data::mnist::Claim;
use futures_channel::mpsc::{UnboundedReceiver, UnboundedSender, unbounded};
use nn::TrainingOptions;
use protocol::{BackendChoice, Command, DataSource, Event, Message, Reply, Request};
use trainer::{Session, SessionError, apart};
use wasm_bindgen::closure::Closure;
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_futures::{JsFuture, spawn_local};
use web_sys::{DedicatedWorkerGlobalScope, MessageEvent};

use crate::link::{decode, encode, field};
use pool::Pool;
use turn::Turns;

/// More workers are tried only when they are asked for: browsers say how many cores there are, but not how fast each is.
const MOST_TRIED_WORKERS: usize = 4;

/// For so long after its start, and after whatever it was asked, the worker does nothing of its own accord: the page needs the
/// cores to open and to draw, and the next command may be on its way.
const REST_MILLIS: i32 = 1000;

/// What reaches the worker's loop.
enum Incoming {
    /// From the page.
    Request(Message<Request>),
    /// A data set that was asked for has come, or has not.
    Fetched { id: u32, result: Result<Dataset, String> },
}

/// Whether this program was started as a worker, and not as a page.
pub fn is_here() -> bool {
    js_sys::global().is_instance_of::<DedicatedWorkerGlobalScope>()
}

/// Starts the worker: answers messages from now until the page is closed.
pub fn run() {
    console_error_panic_hook::set_once();
    let scope: DedicatedWorkerGlobalScope = js_sys::global().unchecked_into();
    if scope.name() == helper::NAME {
        return helper::run(scope);
    }
    let (sender, receiver) = unbounded();
    let inbox = sender.clone();
    let on_message = Closure::<dyn FnMut(MessageEvent)>::new(move |event: MessageEvent| {
        match decode::<Request>(event.data()) {
            // The receiver lives as long as the worker.
            Ok(message) => drop(inbox.unbounded_send(Incoming::Request(message))),
            Err(error) => wasm_bindgen::throw_str(&format!("the worker was sent something odd: {error}")),
        }
    });
    scope.set_onmessage(Some(on_message.as_ref().unchecked_ref()));
    on_message.forget();
    spawn_local(serve(scope, sender, receiver));
}

async fn serve(
    scope: DedicatedWorkerGlobalScope,
    sender: UnboundedSender<Incoming>,
    mut inbox: UnboundedReceiver<Incoming>,
) {
    let mut session = match apart(start()).await {
        Ok(session) => session,
        Err(error) => wasm_bindgen::throw_str(&format!("the engine could not start: {error}")),
    };
    session.set_helpers(Rc::new(Pool::new(scope.clone())));
    session.set_most_workers(n_cores(&scope).min(MOST_TRIED_WORKERS));
    session.introduce();
    let turns = Turns::new();
    let mut rested = false;
    loop {
        post_all(&scope, session.events());
        session.posted();
        let incoming = if session.is_busy() {
            rested = false;
            // Messages arrive between two turns of the event loop only.
            turns.next().await;
            inbox.try_recv().ok()
        } else if !rested {
            let incoming = receive_or(&mut inbox, wait(&scope, REST_MILLIS)).await;
            rested = incoming.is_none();
            incoming
        } else if session.is_trying() {
            let trial = apart(session.try_next(async || turns.next().await));
            receive_or(&mut inbox, trial).await
        } else if session.draw_ahead() {
            turns.next().await;
            inbox.try_recv().ok()
        } else {
            receive(&mut inbox).await
        };
        match incoming {
            Some(Incoming::Request(message)) => {
                rested = false;
                apart(take(&mut session, message, &scope, &sender)).await;
            }
            Some(Incoming::Fetched { id, result }) => {
                let result = result.and_then(|dataset| {
                    session.set_dataset(dataset).map(|()| Reply::Done).map_err(|error| error.to_string())
                });
                post_all(&scope, session.events());
                post(&scope, &Message::plain(Event::Reply { id, result }));
            }
            None => apart(session.advance()).await,
        }
    }
}

/// Comes back after so long.
async fn wait(scope: &DedicatedWorkerGlobalScope, millis: i32) {
    let promise = js_sys::Promise::new(&mut |resolve, _| {
        let set = scope.set_timeout_with_callback_and_timeout_and_arguments_0(&resolve, millis);
        set.expect("workers have timers");
    });
    JsFuture::from(promise).await.expect("the promise is only ever resolved");
}

/// The preset S on the built-in digits: there at once, and offline.
async fn start() -> Result<Session, SessionError> {
    let options = TrainingOptions::default();
    let model = nn::presets::model("s").expect("the preset s exists");
    let digits = data::generated::dataset(options.seed);
    Session::new(model, options, digits, BackendChoice::Auto).await
}

async fn take(
    session: &mut Session,
    message: Message<Request>,
    scope: &DedicatedWorkerGlobalScope,
    sender: &UnboundedSender<Incoming>,
) {
    if let Command::LoadData { source: DataSource::Mnist } = message.body.command {
        // Training goes on while the files are on their way.
        let (id, scope, sender) = (message.body.id, scope.clone(), sender.clone());
        spawn_local(async move {
            let progress = |event| post(&scope, &Message::plain(event));
            let fetched = fetch::mnist(&scope, progress).await;
            let result = fetched.and_then(|(files, origin)| {
                Dataset::from_files(files, origin, Claim::Mnist).map_err(|error| error.to_string())
            });
            drop(sender.unbounded_send(Incoming::Fetched { id, result }));
        });
    } else {
        session.handle(message).await;
    }
}

/// What comes in, unless the trial ends before that. A trial that is interrupted is dropped, and made again later.
async fn receive_or(
    inbox: &mut UnboundedReceiver<Incoming>,
    trial: impl Future<Output = ()>,
) -> Option<Incoming> {
    use futures_core::Stream as _;
    let mut trial = std::pin::pin!(trial);
    std::future::poll_fn(|context| match Pin::new(&mut *inbox).poll_next(context) {
        Poll::Ready(incoming) => Poll::Ready(incoming),
        Poll::Pending => trial.as_mut().poll(context).map(|()| None),
    })
    .await
}

/// Cores, as far as the browser tells.
fn n_cores(scope: &DedicatedWorkerGlobalScope) -> usize {
    let navigator = field(scope.as_ref(), "navigator");
    field(&navigator, "hardwareConcurrency").as_f64().map_or(1, |n| n as usize)
}

async fn receive(inbox: &mut UnboundedReceiver<Incoming>) -> Option<Incoming> {
    use futures_core::Stream as _;
    std::future::poll_fn(|context| Pin::new(&mut *inbox).poll_next(context)).await
}

fn post_all(scope: &DedicatedWorkerGlobalScope, events: Vec<Message<Event>>) {
    for event in &events {
        post(scope, event);
    }
}

fn post(scope: &DedicatedWorkerGlobalScope, event: &Message<Event>) {
    let (message, transfer) = encode(event);
    let posted: Result<(), JsValue> = scope.post_message_with_transfer(&message, &transfer);
    posted.expect("plain objects and arrays can be posted");
}

/// Bytes that came from somewhere, with a name: what a data set is put together from.
type Files = Vec<(String, Vec<u8>)>;
