use leptos::prelude::*;
use protocol::Sample;

use super::Seen;
use crate::figures;
use crate::paint::{Palette, Picture, Pixels, Scale};
use crate::store::Workbench;

/// The 28×28 pictures before and after centring, and the prediction.
#[component]
pub fn Received(
    /// What the worker made of the drawing.
    seen: RwSignal<Option<Seen>>,
    /// Whether drawings are centred.
    centre: RwSignal<bool>,
) -> impl IntoView {
    let palette = Palette::signal();
    let picture = move |pick: fn(&Seen) -> &[f32]| {
        move || {
            let values = seen.with(|seen| seen.as_ref().map_or(vec![0.0; 784], |seen| pick(seen).to_vec()));
            Some(palette.with(|palette| Picture::map(&values, 28, Scale::Sequential(1.0), palette)))
        }
    };
    let moved = move || {
        seen.with(|seen| match seen {
            Some(seen) if !seen.drawing.blank => {
                let [down, right] = seen.drawing.shift;
                format!("moved {down:+.1} ↓ {right:+.1} →, scaled ×{:.2}", seen.drawing.scale)
                    .replace('-', "−")
            }
            _ => "The network receives 28×28 pixels, centred as MNIST's digits are.".to_owned(),
        })
    };
    view! {
        <div class="received">
            <figure>
                <div class="frame"><Pixels picture=picture(|seen| &seen.before) fit=84 label="Your drawing at 28 by 28, as drawn"/></div>
                <figcaption>"as drawn"</figcaption>
            </figure>
            <figure>
                <div class="frame"><Pixels picture=picture(|seen| &seen.after) fit=84 label="Your drawing at 28 by 28, as the network receives it"/></div>
                <figcaption>"received"</figcaption>
            </figure>
            <Guess/>
        </div>
        <label class="check">
            <input
                type="checkbox"
                data-testid="centre-drawing"
                prop:checked=move || centre.get()
                on:change=move |event| centre.set(event_target_checked(&event))
            />
            "centre as MNIST does"
        </label>
        <p class="note figures" data-testid="drawing-shift">{moved}</p>
    }
}

/// What the network says of the drawing.
#[component]
fn Guess() -> impl IntoView {
    let workbench = Workbench::get();
    let guess = move || {
        workbench.inspection.with(|inspection| {
            let inspection = &inspection.as_ref()?.body;
            let class = inspection.prediction.class;
            let probability = inspection.prediction.probabilities.get(class).copied()?;
            (inspection.sample == Sample::Drawing).then(|| (class.to_string(), figures::percent(probability)))
        })
    };
    view! {
        <div class="guess" role="status" aria-live="polite" data-testid="drawing-prediction">
            <span class="guess-class" class:none=move || guess().is_none()>{move || guess().map_or("–".to_owned(), |(class, _)| class)}</span>
            <span class="figures">{move || guess().map_or("no drawing".to_owned(), |(_, probability)| probability)}</span>
        </div>
    }
}
