use leptos::prelude::*;
use nn::Optimiser;
use nn::optimiser::{Adam, AdamW};

use super::NumberField;
use super::objective::{Objective, Start};
use super::optimiser::Arguments;
use super::schedule::ScheduleSection;
use crate::figures;
use crate::menu::Menu;
use crate::store::Workbench;

/// The log slider's ends, as powers of ten.
const SLIDER: [f32; 2] = [-5.0, 1.0];

/// Optimiser, learning rate, batch size.
#[component]
pub fn Options() -> impl IntoView {
    let workbench = Workbench::get();
    let options = workbench.options;
    let name = move || options.with(|options| options.optimiser.name());
    let choose = move |event: web_sys::Event| {
        let name = event_target_value(&event);
        let Some(optimiser) = Optimiser::all().into_iter().find(|o| o.name() == name) else { return };
        workbench.change_options(|options| {
            options.learning_rate = optimiser.usual_learning_rate();
            options.optimiser = optimiser;
            if !optimiser.has_momentum()
                && let Some(cycle) = options.schedule.cycle_momentum_mut()
            {
                *cycle = false;
            }
        });
    };
    let slide = move |event: web_sys::Event| {
        let rate = 10_f64.powf(figures::entered(&event));
        // Two figures are as exact as a slider can be.
        let rounded = figures::number(&format!("{rate:.1e}")) as f32;
        workbench.change_options(|options| options.learning_rate = rounded);
    };
    let power = move || options.with(|o| o.learning_rate.max(1e-5).log10().clamp(SLIDER[0], SLIDER[1]));
    view! {
        <div class="options" role="group" aria-label="Training options">
            <label class="field">
                <span class="field-label">"Optimiser"</span>
                <select data-testid="optimiser" prop:value=name on:change=choose>
                    {Optimiser::all().map(|o| view! { <option value=o.name()>{o.name()}</option> })}
                </select>
            </label>
            <Menu
                id="optimiser-menu"
                label="Loss, optimiser's arguments, schedule, initial weights"
                class="button quiet"
                testid="optimiser-menu-button"
                face=view! { <Summary/> <span class="caret" aria-hidden="true">"▾"</span> }.into_any()
            >
                <div class="option-columns">
                    <div><Objective/> <Start/></div>
                    <div><Arguments/></div>
                    <div><ScheduleSection/></div>
                </div>
            </Menu>
            <div class="field rate">
                <span class="field-label" id="rate-label">"Learning rate"</span>
                <input
                    type="range"
                    data-testid="learning-rate-slider"
                    aria-labelledby="rate-label"
                    aria-valuetext=move || options.with(|o| o.learning_rate.to_string())
                    min=SLIDER[0].to_string()
                    max=SLIDER[1].to_string()
                    step="0.05"
                    prop:value=move || power().to_string()
                    on:input=slide
                />
                <input
                    type="number"
                    data-testid="learning-rate"
                    aria-label="Learning rate"
                    class="rate-number"
                    min="0"
                    step="any"
                    prop:value=move || options.with(|o| o.learning_rate.to_string())
                    on:change=move |event| {
                        let rate = figures::entered(&event) as f32;
                        workbench.change_options(|options| options.learning_rate = rate);
                    }
                />
            </div>
            <NumberField
                label="Batch"
                testid="batch-size"
                hint="Images per training step"
                value=Signal::derive(move || options.with(|o| o.batch_size.to_string()))
                width_ch=4
                step="1"
                min=1.0
                max=nn::options::MOST_BATCH as f64
                on_change=Callback::new(move |n: f64| workbench.change_options(|o| o.batch_size = n as usize))
            />
        </div>
    }
}

/// The optimiser's arguments on one line.
#[component]
fn Summary() -> impl IntoView {
    let options = Workbench::get().options;
    let text = move || {
        options.with(|options| match &options.optimiser {
            _ if options.schedule.cycles_momentum() => "momentum cycles".to_owned(),
            Optimiser::Sgd(sgd) => {
                format!("momentum {}{}", sgd.momentum, if sgd.nesterov { ", Nesterov" } else { "" })
            }
            Optimiser::Adam(Adam { betas: [first, second], .. })
            | Optimiser::AdamW(AdamW { betas: [first, second], .. }) => format!("β {first}, {second}"),
            Optimiser::RMSprop(rmsprop) => format!("α {}", rmsprop.alpha),
            Optimiser::Adagrad(adagrad) => format!("decay {}", adagrad.lr_decay),
        })
    };
    view! { <span class="summary">{text}</span> }
}
