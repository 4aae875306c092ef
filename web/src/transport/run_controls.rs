use leptos::prelude::*;
use protocol::{Command, Until};

use super::NumberField;
use crate::store::Workbench;

/// The largest seed that is exact as a JavaScript number.
const MOST_SEED: f64 = 9_007_199_254_740_991.0;

/// Train, step, epoch, reset, and the seed that reset starts from.
#[component]
pub fn RunControls() -> impl IntoView {
    let workbench = Workbench::get();
    let running = Memo::new(move |_| workbench.status.with(|status| status.running));
    let blocked = move || !workbench.can_train();
    let why = move || {
        if workbench.can_train() {
            "Space"
        } else if workbench.is_valid() {
            "There is no data yet"
        } else {
            "The network does not fit together; the marked column says why"
        }
    };
    view! {
        <div class="group run" role="group" aria-label="Run">
            <button
                type="button"
                class="button primary train"
                data-testid="train"
                disabled=move || blocked() && !running.get()
                title=move || if running.get() { "Pause (Space)".to_owned() } else { format!("Train ({})", why()) }
                on:click=move |_| workbench.toggle_training()
            >
                <span class="sign" aria-hidden="true">{move || if running.get() { "❚❚" } else { "▶" }}</span>
                {move || if running.get() { "Pause" } else { "Train" }}
            </button>
            <button
                type="button"
                class="button"
                data-testid="step"
                title="One training step (.)"
                aria-label="One training step"
                disabled=blocked
                on:click=move |_| workbench.train(Until::Steps(1))
            >
                "Step"
            </button>
            <button
                type="button"
                class="button"
                data-testid="epoch"
                title="To the end of the epoch (E)"
                aria-label="Train to the end of the epoch"
                disabled=blocked
                on:click=move |_| workbench.train(Until::Epochs(1))
            >
                "Epoch"
            </button>
            <button
                type="button"
                class="button"
                data-testid="reset"
                title="Back to the initial weights of this seed (R)"
                aria-label="Reset to the initial weights"
                disabled=move || !workbench.ready.get()
                on:click=move |_| workbench.send(Command::Reset { seed: None })
            >
                "Reset"
            </button>
        </div>
        <NumberField
            label="Seed"
            testid="seed"
            hint="All random choices derive from the seed: initial weights, validation split, order of the batches. Another seed starts the network anew."
            value=Signal::derive(move || workbench.options.with(|options| options.seed.to_string()))
            width_ch=4
            step="1"
            min=0.0
            max=MOST_SEED
            on_change=Callback::new(move |seed: f64| {
                workbench.send(Command::Reset { seed: Some(seed as u64) });
            })
        />
    }
}
