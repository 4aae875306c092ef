use leptos::prelude::*;

/// A labelled number. What is out of range is said by the browser and not passed on.
#[component]
pub fn NumberField(
    /// What it is called on screen.
    #[prop(into)]
    label: String,
    /// Its test id.
    #[prop(into)]
    testid: String,
    /// What it means, shown on hover.
    #[prop(into, optional)]
    hint: String,
    /// The number in force, as text.
    #[prop(into)]
    value: Signal<String>,
    /// The field's width, in digits.
    #[prop(default = 5)]
    width_ch: u32,
    /// The step of the arrow keys; `any` for any number.
    #[prop(default = "any")]
    step: &'static str,
    /// The least number allowed.
    #[prop(default = 0.0)]
    min: f64,
    /// The greatest number allowed.
    #[prop(default = f64::INFINITY)]
    max: f64,
    /// Whether it can be changed at present.
    #[prop(into, optional)]
    disabled: Signal<bool>,
    /// Called with a number in range.
    on_change: Callback<f64>,
) -> impl IntoView {
    let change = move |event: web_sys::Event| {
        let input: web_sys::HtmlInputElement = event_target(&event);
        let number = input.value_as_number();
        if input.check_validity() && number.is_finite() {
            on_change.run(number);
        } else {
            input.report_validity();
            input.set_value(&value.get_untracked());
        }
    };
    view! {
        <label class="field" title=hint>
            <span class="field-label">{label}</span>
            <input
                type="number"
                data-testid=testid
                style=format!("width: calc({width_ch}ch + 22px)")
                step=step
                min=min.to_string()
                max=max.is_finite().then(|| max.to_string())
                disabled=move || disabled.get()
                prop:value=move || value.get()
                on:change=change
            />
        </label>
    }
}
