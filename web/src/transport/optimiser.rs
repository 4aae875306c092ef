use leptos::prelude::*;
use nn::Optimiser;

use super::NumberField;
use crate::store::Workbench;

/// The optimiser's arguments, one field each.
#[component]
pub fn Arguments() -> impl IntoView {
    let workbench = Workbench::get();
    let name = Memo::new(move |_| workbench.options.with(|options| options.optimiser.name()));
    let fields = move || {
        name.track();
        let mut optimiser = workbench.options.with_untracked(|options| options.optimiser);
        let numbers = optimiser.numbers_mut().into_iter().map(|(name, _)| number(name)).collect_view();
        let switch = optimiser.switch_mut().map(|(name, _)| view! { <Switch name/> });
        (numbers, switch)
    };
    view! {
        <div class="arguments">
            <h3>{name}</h3>
            {fields}
        </div>
    }
}

fn number(name: &'static str) -> impl IntoView {
    let workbench = Workbench::get();
    let read = move || {
        let mut optimiser = workbench.options.with(|options| options.optimiser);
        find(&mut optimiser, name).map_or(String::new(), |number| short(*number))
    };
    let write = move |x: f64| {
        workbench.change_options(|options| {
            if let Some(number) = find(&mut options.optimiser, name) {
                *number = x as f32;
            }
        });
    };
    // A schedule that cycles the momentum sets it at every step.
    let is_cycled = move || {
        matches!(name, "momentum" | "betas[0]") && workbench.options.with(|o| o.schedule.cycles_momentum())
    };
    view! {
        <NumberField
            label=name
            testid=format!("optimiser-{name}")
            value=Signal::derive(read)
            disabled=Signal::derive(is_cycled)
            width_ch=9
            on_change=Callback::new(write)
        />
    }
}

fn find<'a>(optimiser: &'a mut Optimiser, name: &str) -> Option<&'a mut f32> {
    optimiser.numbers_mut().into_iter().find(|(found, _)| *found == name).map(|(_, number)| number)
}

#[component]
fn Switch(name: &'static str) -> impl IntoView {
    let workbench = Workbench::get();
    let is_on = move || {
        let mut optimiser = workbench.options.with(|options| options.optimiser);
        optimiser.switch_mut().is_some_and(|(_, on)| *on)
    };
    let change = move |event: web_sys::Event| {
        let is_on = event_target_checked(&event);
        workbench.change_options(|options| {
            if let Some((_, on)) = options.optimiser.switch_mut() {
                *on = is_on;
            }
        });
    };
    view! {
        <label class="field check">
            <span class="field-label">{name}</span>
            <input type="checkbox" data-testid=name prop:checked=is_on on:change=change/>
        </label>
    }
}

/// Small numbers in powers of ten, which a number field takes too.
pub fn short(number: f32) -> String {
    if number != 0.0 && number.abs() < 1e-4 { format!("{number:e}") } else { number.to_string() }
}
