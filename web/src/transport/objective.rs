use leptos::prelude::*;
use nn::loss::CrossEntropyLoss;
use nn::{Initialisation, Loss, TrainingOptions};

use super::NumberField;
use super::choice::Choice;
use super::optimiser::short;
use crate::store::Workbench;

/// What is made small: the loss, its penalties, and the clipping of gradients.
#[component]
pub fn Objective() -> impl IntoView {
    let workbench = Workbench::get();
    let options = workbench.options;
    let loss = Memo::new(move |_| options.with(|o| o.loss.name()));
    let choose = move |name: String| {
        if let Some(loss) = Loss::all().into_iter().find(|loss| loss.name() == name) {
            workbench.change_options(|o| o.loss = loss);
        }
    };
    let smoothing = |o: &TrainingOptions| match o.loss {
        Loss::CrossEntropyLoss(CrossEntropyLoss { label_smoothing }) => label_smoothing,
        _ => 0.0,
    };
    view! {
        <div class="arguments">
            <h3>"Loss"</h3>
            <Choice
                label="criterion"
                testid="loss"
                names=Loss::all().map(|loss| loss.name()).to_vec()
                value=loss
                on_change=choose
            />
            <fieldset class="plain" disabled=move || loss.get() != "CrossEntropyLoss">
                <Number
                    name="label_smoothing"
                    max=1.0
                    read=smoothing
                    write=|o, x| o.loss = Loss::CrossEntropyLoss(CrossEntropyLoss { label_smoothing: x })
                />
            </fieldset>
            <Number name="l1" read=|o| o.l1 write=|o, x| o.l1 = x/>
            <Number
                name="clip_grad_norm"
                hint="Gradients longer than this, all together, are cut to it; 0 for never"
                read=|o| o.clip_grad_norm.unwrap_or(0.0)
                write=|o, x| o.clip_grad_norm = (x > 0.0).then_some(x)
            />
        </div>
    }
}

/// Where a run starts from, and what it is shown.
#[component]
pub fn Start() -> impl IntoView {
    let workbench = Workbench::get();
    let initialisation = Memo::new(move |_| workbench.options.with(|o| o.initialisation.name()));
    let choose = move |name: String| {
        if let Some(chosen) = Initialisation::ALL.into_iter().find(|i| i.name() == name) {
            workbench.change_options(|o| o.initialisation = chosen);
        }
    };
    view! {
        <div class="arguments">
            <h3>"Weights and pictures"</h3>
            <Choice
                label="init (at reset)"
                testid="initialisation"
                names=Initialisation::ALL.map(Initialisation::name).to_vec()
                value=initialisation
                on_change=choose
            />
            <Number
                name="shift"
                hint="Training pictures are moved at random by up to so many pixels"
                max=nn::options::MOST_SHIFT as f64
                read=|o| o.augment.shift as f32
                write=|o, x| o.augment.shift = x as usize
            />
        </div>
    }
}

/// One number of the options.
#[component]
fn Number(
    name: &'static str,
    #[prop(optional)] hint: &'static str,
    #[prop(default = f64::INFINITY)] max: f64,
    read: fn(&TrainingOptions) -> f32,
    write: fn(&mut TrainingOptions, f32),
) -> impl IntoView {
    let workbench = Workbench::get();
    view! {
        <NumberField
            label=name
            testid=format!("option-{name}")
            hint=hint
            value=Signal::derive(move || workbench.options.with(|o| short(read(o))))
            width_ch=9
            max=max
            on_change=Callback::new(move |x: f64| workbench.change_options(|o| write(o, x as f32)))
        />
    }
}
