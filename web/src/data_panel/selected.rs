use leptos::prelude::*;
use protocol::{Sample, Split};

use crate::figures;
use crate::paint::{Palette, Picture, Pixels, Scale};
use crate::store::Workbench;

/// The picture being looked at, and what the network says of it.
#[component]
pub fn SelectedPicture() -> impl IntoView {
    let workbench = Workbench::get();
    let palette = Palette::signal();
    let picture = move || {
        let values = workbench.picture()?;
        Some(palette.with(|palette| Picture::map(&values, 28, Scale::Sequential(1.0), palette)))
    };
    let name = Signal::derive(move || match workbench.sample.get() {
        Sample::Drawing => "Your drawing".to_owned(),
        Sample::Stored { split, idx } => {
            let split = match split {
                Split::Train => "train",
                Split::Validation => "validation",
                Split::Test => "test",
            };
            format!("{split} {idx}")
        }
    });
    view! {
        <section class="block selected-picture" aria-label="The selected picture">
            <div class="frame"><Pixels picture fit=84 label=name/></div>
            <div class="selected-text">
                <h3>{name}</h3>
                <Verdict/>
            </div>
        </section>
    }
}

/// Label, prediction, and whether they agree, in words.
#[component]
fn Verdict() -> impl IntoView {
    let workbench = Workbench::get();
    move || {
        if !workbench.is_valid() {
            return view! { <p class="note">"Waits for a network that fits together."</p> }.into_any();
        }
        let Some(inspection) = workbench.inspection.get() else {
            return view! { <p class="note">"Nothing has been through the network yet."</p> }.into_any();
        };
        let (label, prediction) = (inspection.body.label, &inspection.body.prediction);
        let class = prediction.class;
        let probability = prediction.probabilities.get(class).copied().unwrap_or(0.0);
        let verdict = label.map(|label| {
            let right = usize::from(label) == class;
            let (class, text) =
                if right { ("verdict right", "✓ right") } else { ("verdict wrong", "✗ wrong") };
            view! { <span class=class data-testid="verdict">{text}</span> }
        });
        view! {
            <dl class="facts" data-testid="prediction">
                <dt>"label"</dt>
                <dd>{label.map_or_else(|| "unknown".to_owned(), |label| label.to_string())}</dd>
                <dt>"prediction"</dt>
                <dd>{class} " " {verdict}</dd>
                <dt>"probability"</dt>
                <dd class="figures">{figures::percent(probability)}</dd>
            </dl>
        }
        .into_any()
    }
}
