//! A pad to draw a digit on, and the picture that the network makes of it.

mod pad;
mod received;
mod strokes;

use std::sync::Arc;

use leptos::prelude::*;
use protocol::{Array, Command, Drawing, Reply, Sample};

use crate::store::Workbench;
use pad::Pad;
use received::Received;
use strokes::{SIDE_PX, Strokes};

/// A drawing as the network receives it.
#[derive(Clone, Debug, PartialEq)]
struct Seen {
    drawing: Drawing,
    before: Arc<Vec<f32>>,
    after: Arc<Vec<f32>>,
}

/// The pad, its buttons, and the 28×28 pictures before and after centring.
#[component]
pub fn DrawPad() -> impl IntoView {
    let workbench = Workbench::get();
    let strokes = RwSignal::new(Strokes::default());
    let centre = RwSignal::new(true);
    let seen = RwSignal::new(None::<Seen>);
    let ink = RwSignal::new(Arc::new(Vec::<u8>::new()));
    let busy = StoredValue::new(false);
    let stale = RwSignal::new(false);

    // One drawing is under way at a time; what changes meanwhile goes next.
    Effect::new(move |_| {
        let (bytes, now) = (ink.get(), centre);
        let centre = now.get();
        stale.track();
        if bytes.is_empty() || busy.get_value() {
            return;
        }
        busy.set_value(true);
        let arrays = vec![Array::U8(bytes.to_vec())];
        let command = Command::Draw { side: SIDE_PX as usize, centre };
        let answer = workbench.submit_sample(Sample::Drawing, command, arrays);
        leptos::task::spawn_local(async move {
            match answer.await {
                Ok((Reply::Drawn(drawing), arrays)) => {
                    let mut arrays = arrays.into_iter();
                    if let (Some(Array::F32(before)), Some(Array::F32(after))) =
                        (arrays.next(), arrays.next())
                    {
                        seen.set(Some(Seen { drawing, before: before.into(), after: after.into() }));
                    }
                }
                Ok(_) => {}
                Err(error) => workbench.warn(error),
            }
            busy.set_value(false);
            if !Arc::ptr_eq(&bytes, &ink.get_untracked()) || centre != now.get_untracked() {
                stale.update(|stale| *stale = !*stale);
            }
        });
    });
    view! {
        <section class="block draw" aria-label="Draw a digit">
            <div class="block-head">
                <h3>"Draw"</h3>
                <button
                    type="button"
                    class="button small"
                    data-testid="undo-stroke"
                    disabled=move || strokes.with(Strokes::is_empty)
                    on:click=move |_| strokes.update(Strokes::undo)
                >
                    "Undo stroke"
                </button>
                <button
                    type="button"
                    class="button small"
                    id="clear-drawing"
                    data-testid="clear-drawing"
                    title="Clear the pad (C)"
                    on:click=move |_| strokes.update(Strokes::clear)
                >
                    "Clear"
                </button>
            </div>
            <Pad strokes ink/>
            <Received seen centre/>
        </section>
    }
}
