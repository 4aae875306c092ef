use leptos::prelude::*;
use nn::Optimiser;

use super::NumberField;
use crate::store::Workbench;

/// The optimiser's arguments, one field each.
#[component]
pub fn Arguments() -> impl IntoView {
    let workbench = Workbench::get();
    let is_sgd = Memo::new(move |_| workbench.options.with(|o| matches!(o.optimiser, Optimiser::Sgd { .. })));
    view! {
        <div class="arguments">
            <h3>{move || workbench.options.with(|options| options.optimiser.name())}</h3>
            {move || if is_sgd.get() { view! { <SgdArguments/> }.into_any() } else { view! { <AdamArguments/> }.into_any() }}
            <Argument name="weight_decay" max=10.0 read=weight_decay write=|o, x| *weight_decay_mut(o) = x/>
        </div>
    }
}

#[component]
fn SgdArguments() -> impl IntoView {
    let workbench = Workbench::get();
    let nesterov =
        move || workbench.options.with(|o| matches!(o.optimiser, Optimiser::Sgd { nesterov: true, .. }));
    view! {
        <Argument
            name="momentum"
            max=0.9999
            read=|o| if let Optimiser::Sgd { momentum, .. } = o { *momentum } else { 0.0 }
            write=|o, x| if let Optimiser::Sgd { momentum, .. } = o { *momentum = x }
        />
        <label class="field check">
            <span class="field-label">"nesterov"</span>
            <input
                type="checkbox"
                data-testid="nesterov"
                prop:checked=nesterov
                on:change=move |event| {
                    let on = event_target_checked(&event);
                    workbench.change_options(|options| {
                        if let Optimiser::Sgd { nesterov, .. } = &mut options.optimiser {
                            *nesterov = on;
                        }
                    });
                }
            />
        </label>
    }
}

#[component]
fn AdamArguments() -> impl IntoView {
    view! {
        <Argument
            name="betas[0]"
            max=0.999_999
            read=|o| if let Optimiser::Adam { betas, .. } = o { betas[0] } else { 0.0 }
            write=|o, x| if let Optimiser::Adam { betas, .. } = o { betas[0] = x }
        />
        <Argument
            name="betas[1]"
            max=0.999_999
            read=|o| if let Optimiser::Adam { betas, .. } = o { betas[1] } else { 0.0 }
            write=|o, x| if let Optimiser::Adam { betas, .. } = o { betas[1] = x }
        />
        <Argument
            name="eps"
            max=1.0
            read=|o| if let Optimiser::Adam { eps, .. } = o { *eps } else { 0.0 }
            write=|o, x| if let Optimiser::Adam { eps, .. } = o { *eps = x }
        />
    }
}

#[component]
fn Argument(
    name: &'static str,
    max: f64,
    read: fn(&Optimiser) -> f32,
    write: fn(&mut Optimiser, f32),
) -> impl IntoView {
    let workbench = Workbench::get();
    view! {
        <NumberField
            label=name
            testid=format!("optimiser-{name}")
            value=Signal::derive(move || workbench.options.with(|o| short(read(&o.optimiser))))
            width_ch=9
            max=max
            on_change=Callback::new(move |x: f64| {
                workbench.change_options(|options| write(&mut options.optimiser, x as f32));
            })
        />
    }
}

/// Small numbers in powers of ten, which a number field takes too.
fn short(number: f32) -> String {
    if number != 0.0 && number.abs() < 1e-4 { format!("{number:e}") } else { number.to_string() }
}

fn weight_decay(optimiser: &Optimiser) -> f32 {
    match optimiser {
        Optimiser::Sgd { weight_decay, .. } | Optimiser::Adam { weight_decay, .. } => *weight_decay,
    }
}

fn weight_decay_mut(optimiser: &mut Optimiser) -> &mut f32 {
    match optimiser {
        Optimiser::Sgd { weight_decay, .. } | Optimiser::Adam { weight_decay, .. } => weight_decay,
    }
}
