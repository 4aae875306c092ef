//! Helpers that are web workers: the same program in its [other role](super::helper), each with its own memory, for the
//! page may not share memory where its server does not send two particular headers.

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll, Waker};

use js_sys::{Array, Float32Array};
use nn::NetworkError;
use trainer::{Helper, HelperLost, Helpers, Task};
use wasm_bindgen::JsCast;
use wasm_bindgen::closure::Closure;
use web_sys::{DedicatedWorkerGlobalScope, ErrorEvent, MessageEvent, Worker, WorkerOptions, WorkerType};

use super::helper::NAME;
use crate::link::to_bytes;

/// How often it is looked whether somebody has fallen silent.
const TICK_MILLIS: i32 = 1000;

/// A worker that has not started after so many ticks never will.
const TICKS_TO_START: u32 = 15;

/// A worker may take so many ticks, and so many times as long as this one for a part of the same size.
const TICKS_TO_ANSWER: f64 = 5.0;
const TIMES_AS_LONG: f64 = 20.0;

/// The web workers that this one has started.
pub(super) struct Pool(Rc<Inner>);

struct Inner {
    scope: DedicatedWorkerGlobalScope,
    workers: RefCell<Vec<Rc<Lent>>>,
    next_id: Cell<u32>,
}

/// A web worker. Its state is what its messages, its errors and the clock have said of it.
struct Lent {
    worker: Worker,
    state: RefCell<State>,
}

#[derive(Default)]
struct State {
    ready: bool,
    lost: Option<String>,
    /// What has come back, and nobody has taken yet.
    answers: BTreeMap<u32, Float32Array>,
    /// Ticks until it counts as lost; none where nothing is expected of it.
    patience: Option<u32>,
    wakers: Vec<Waker>,
}

impl Pool {
    pub(super) fn new(scope: DedicatedWorkerGlobalScope) -> Self {
        let inner = Rc::new(Inner { scope, workers: RefCell::default(), next_id: Cell::new(0) });
        let clock = Rc::clone(&inner);
        let on_tick =
            Closure::<dyn Fn()>::new(move || clock.workers.borrow().iter().for_each(|lent| lent.tick()));
        let callback = on_tick.as_ref().unchecked_ref();
        let ticking =
            inner.scope.set_interval_with_callback_and_timeout_and_arguments_0(callback, TICK_MILLIS);
        ticking.expect("workers have timers");
        on_tick.forget(); // The pool lives as long as the worker.
        Self(inner)
    }
}

impl Inner {
    /// Those that are not lost.
    fn present(&self) -> Vec<Rc<Lent>> {
        self.workers.borrow_mut().retain(|lent| lent.state.borrow().lost.is_none());
        self.workers.borrow().clone()
    }

    fn ready(&self) -> Vec<Rc<Lent>> {
        self.present().into_iter().filter(|lent| lent.state.borrow().ready).collect()
    }

    fn start(&self) -> Result<(), String> {
        let options = WorkerOptions::new();
        options.set_type(WorkerType::Module);
        options.set_name(NAME);
        let worker = Worker::new_with_options(&self.scope.location().href(), &options);
        let worker = worker.map_err(|error| format!("the browser refuses another worker: {error:?}"))?;
        let state = State { patience: Some(TICKS_TO_START), ..State::default() };
        let lent = Rc::new(Lent { worker, state: RefCell::new(state) });

        let receiver = Rc::downgrade(&lent);
        let on_message = Closure::<dyn Fn(MessageEvent)>::new(move |event: MessageEvent| {
            if let Some(lent) = receiver.upgrade() {
                lent.receive(&event.data().unchecked_into());
            }
        });
        lent.worker.set_onmessage(Some(on_message.as_ref().unchecked_ref()));
        let failing = Rc::downgrade(&lent);
        let on_error = Closure::<dyn Fn(ErrorEvent)>::new(move |error: ErrorEvent| {
            error.prevent_default();
            if let Some(lent) = failing.upgrade() {
                let said = error.message();
                let unknown = said.is_empty() || said == "undefined";
                lent.lose(if unknown { "it could not be loaded".into() } else { said });
            }
        });
        lent.worker.set_onerror(Some(on_error.as_ref().unchecked_ref()));
        // A handful of workers, each for the page's whole life.
        on_message.forget();
        on_error.forget();
        self.workers.borrow_mut().push(lent);
        Ok(())
    }
}

impl Lent {
    fn receive(&self, message: &Array) {
        let mut state = self.state.borrow_mut();
        state.patience = None;
        if message.length() == 0 {
            state.ready = true;
        } else if let Ok(numbers) = message.get(1).dyn_into::<Float32Array>() {
            let id = message.get(0).as_f64().unwrap_or_default() as u32;
            state.answers.insert(id, numbers);
        } else {
            drop(state);
            return self.lose(message.get(1).as_string().unwrap_or_default());
        }
        state.wake();
    }

    fn tick(&self) {
        let mut state = self.state.borrow_mut();
        match &mut state.patience {
            Some(0) => {
                let what = if state.ready { "it does not answer" } else { "it does not start" };
                drop(state);
                self.lose(what.to_owned());
            }
            Some(ticks) => *ticks -= 1,
            None => {}
        }
    }

    fn lose(&self, message: String) {
        self.worker.terminate();
        let mut state = self.state.borrow_mut();
        state.lost.get_or_insert(message);
        state.wake();
    }
}

impl State {
    fn wake(&mut self) {
        self.wakers.drain(..).for_each(Waker::wake);
    }

    fn wait(&mut self, context: &Context<'_>) {
        if !self.wakers.iter().any(|waker| waker.will_wake(context.waker())) {
            self.wakers.push(context.waker().clone());
        }
    }
}

impl Helpers for Pool {
    fn prepare(&self, n: usize) -> Pin<Box<dyn Future<Output = Result<(), String>>>> {
        let inner = Rc::clone(&self.0);
        Box::pin(async move {
            while inner.present().len() < n {
                inner.start()?;
            }
            let starting = inner.present();
            std::future::poll_fn(|context| {
                let mut all = Poll::Ready(());
                for lent in &starting {
                    let mut state = lent.state.borrow_mut();
                    if !state.ready && state.lost.is_none() {
                        state.wait(context);
                        all = Poll::Pending;
                    }
                }
                all
            })
            .await;
            let lost = starting.iter().find_map(|lent| lent.state.borrow().lost.clone());
            match (inner.ready().len(), lost) {
                (n_ready, lost) if n_ready < n => {
                    let why = lost.unwrap_or_default();
                    Err(format!("only {} of {} workers could start: {why}", n_ready + 1, n + 1))
                }
                _ => Ok(()),
            }
        })
    }

    fn n_ready(&self) -> usize {
        self.0.ready().len()
    }

    fn engage(&self, helper_idx: usize, task: Task) -> Result<Box<dyn Helper>, NetworkError> {
        let lent = self.0.ready().swap_remove(helper_idx);
        let id = self.0.next_id.replace(self.0.next_id.get().wrapping_add(1));
        let task = to_bytes(&task);
        lent.worker.post_message(&Array::of2(&id.into(), &task)).expect("bytes can be posted");
        Ok(Box::new(Engaged { id, lent, numbers: None, answer: Vec::new(), began: 0.0 }))
    }
}

/// One task of a web worker.
struct Engaged {
    id: u32,
    lent: Rc<Lent>,
    /// At rest between steps; the same memory goes back and forth.
    numbers: Option<Float32Array>,
    answer: Vec<f32>,
    /// When the last part was handed over, in milliseconds.
    began: f64,
}

impl Helper for Engaged {
    fn begin(&mut self, parts: &[&[f32]], n_answer: usize) {
        let n = parts.iter().map(|part| part.len()).sum::<usize>() as u32;
        let kept = self.numbers.take().filter(|kept| kept.length() == n);
        let numbers = kept.unwrap_or_else(|| Float32Array::new_with_length(n));
        let mut start = 0;
        for part in parts {
            let end = start + part.len() as u32;
            numbers.subarray(start, end).copy_from(part);
            start = end;
        }
        self.answer.resize(n_answer, 0.0);
        self.began = js_sys::Date::now();
        self.lent.state.borrow_mut().patience = None;
        let (message, transfer) = (Array::of2(&self.id.into(), &numbers), Array::of1(&numbers.buffer()));
        let posted = self.lent.worker.post_message_with_transfer(&message, &transfer);
        posted.expect("arrays can be posted");
    }

    fn poll_finish(&mut self, context: &mut Context<'_>) -> Poll<Result<(), HelperLost>> {
        let mut state = self.lent.state.borrow_mut();
        if let Some(numbers) = state.answers.remove(&self.id) {
            numbers.subarray(0, self.answer.len() as u32).copy_to(&mut self.answer);
            self.numbers = Some(numbers);
            return Poll::Ready(Ok(()));
        }
        if let Some(message) = &state.lost {
            return Poll::Ready(Err(HelperLost { message: message.clone() }));
        }
        // Meanwhile this worker has computed its own part.
        let own_ticks = (js_sys::Date::now() - self.began).max(0.0) / f64::from(TICK_MILLIS);
        let patience = (TICKS_TO_ANSWER + TIMES_AS_LONG * own_ticks) as u32;
        state.patience.get_or_insert(patience);
        state.wait(context);
        Poll::Pending
    }

    fn answer(&self) -> &[f32] {
        &self.answer
    }
}

impl Drop for Engaged {
    fn drop(&mut self) {
        self.lent.state.borrow_mut().answers.remove(&self.id);
        // Nobody is left to tell where this cannot be posted.
        self.lent.worker.post_message(&Array::of1(&self.id.into())).unwrap_or_default();
    }
}
