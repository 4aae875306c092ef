use leptos::prelude::*;

/// A labelled choice among names.
#[component]
pub fn Choice(
    /// What it is called on screen.
    label: &'static str,
    /// Its test id.
    testid: &'static str,
    /// What can be chosen.
    names: Vec<&'static str>,
    /// The name in force.
    #[prop(into)]
    value: Signal<&'static str>,
    /// Called with the name chosen.
    #[prop(into)]
    on_change: Callback<String>,
) -> impl IntoView {
    let options = names.into_iter().map(|name| {
        view! { <option value=name selected=move || value.get() == name>{name}</option> }
    });
    view! {
        <label class="field">
            <span class="field-label">{label}</span>
            <select
                data-testid=testid
                prop:value=move || value.get()
                on:change=move |event| on_change.run(event_target_value(&event))
            >
                {options.collect_view()}
            </select>
        </label>
    }
}
