use leptos::prelude::*;
use serde_json::{Value, json};

use crate::figures;
use crate::network::{Argument, arguments, with_argument};
use crate::store::Workbench;

/// One field per argument of the layer, whatever arguments it has.
#[component]
pub fn Form(layer_idx: usize) -> impl IntoView {
    let workbench = Workbench::get();
    let all = Memo::new(move |_| {
        workbench.model.with(|model| model.layers.get(layer_idx).map(arguments)).unwrap_or_default()
    });
    let names = Memo::new(move |_| all.with(|all| all.iter().map(|a| a.name.clone()).collect::<Vec<_>>()));
    let change = Callback::new(move |(name, value): (String, Value)| {
        let layer = workbench.model.with_untracked(|model| model.layers.get(layer_idx).cloned());
        let Some(layer) = layer else { return };
        match with_argument(&layer, &name, value) {
            Ok(layer) => workbench.replace_layer(layer_idx, layer),
            Err(error) => workbench.warn(error),
        }
    });
    move || {
        let names = names.get();
        if names.is_empty() {
            return view! { <p class="note">"This layer has no arguments."</p> }.into_any();
        }
        let row = |name: String| {
            let wanted = name.clone();
            let argument = Memo::new(move |_| {
                let missing = Argument { name: wanted.clone(), value: Value::Null };
                all.with(|all| all.iter().find(|a| a.name == wanted).cloned()).unwrap_or(missing)
            });
            view! { <Row argument change/> }
        };
        view! { <div class="form">{names.into_iter().map(row).collect_view()}</div> }.into_any()
    }
}

/// One argument.
#[component]
fn Row(argument: Memo<Argument>, change: Callback<(String, Value)>) -> impl IntoView {
    let name = argument.with_untracked(|argument| argument.name.clone());
    let label = name.clone();
    let send = move |value: Value| change.run((argument.with_untracked(|a| a.name.clone()), value));
    let field = move || {
        let Argument { value, .. } = argument.get();
        match value {
            Value::Bool(on) => view! {
                <input
                    type="checkbox"
                    data-testid=format!("arg-{}", argument.get().name)
                    aria-label=argument.get().name
                    prop:checked=on
                    on:change=move |event| send(json!(event_target_checked(&event)))
                />
            }
            .into_any(),
            _ if argument.get().is_pair() => view! { <PairField argument change/> }.into_any(),
            Value::String(word) => {
                let options = argument.get().words().iter().map(|&option| {
                    view! { <option value=option selected=option == word>{option}</option> }
                });
                view! {
                    <select
                        data-testid=format!("arg-{}", argument.get().name)
                        aria-label=argument.get().name
                        on:change=move |event| send(json!(event_target_value(&event)))
                    >
                        {options.collect_view()}
                    </select>
                }
                .into_any()
            }
            value => view! { <Scalar argument value change/> }.into_any(),
        }
    };
    view! {
        <div class="form-row">
            <span class="form-name">{label}</span>
            <span class="form-field">{field}</span>
        </div>
    }
}

/// A single number.
#[component]
fn Scalar(argument: Memo<Argument>, value: Value, change: Callback<(String, Value)>) -> impl IntoView {
    let name = argument.with_untracked(|argument| argument.name.clone());
    let whole = value.is_u64();
    let text = match value.as_u64() {
        Some(whole) => whole.to_string(),
        // The text of the float32 that it is, not of the float64 that JSON made of it.
        None => (value.as_f64().unwrap_or(0.0) as f32).to_string(),
    };
    let send = move |event: web_sys::Event| {
        let value = match figures::entered(&event) {
            number if number as u64 as f64 == number => json!(number as u64),
            number if number.is_finite() => json!(number as f32),
            _ => return,
        };
        change.run((argument.with_untracked(|a| a.name.clone()), value));
    };
    view! {
        <input
            type="number"
            class="number"
            data-testid=format!("arg-{name}")
            aria-label=name
            min=whole.then(|| argument.with_untracked(Argument::least))
            step=if whole { "1" } else { "any" }
            prop:value=text
            on:change=send
        />
    }
}

/// One number for height and width, or two.
#[component]
fn PairField(argument: Memo<Argument>, change: Callback<(String, Value)>) -> impl IntoView {
    let current = argument.get_untracked();
    let (name, follows) = (current.name.clone(), current.value.is_null());
    let two = RwSignal::new(current.value.is_array());
    let least = current.least().to_string();
    let number = move |axis: usize, label: String, testid: String| {
        let send = move |event: web_sys::Event| {
            let argument = argument.get_untracked();
            let text = event_target_value(&event);
            if text.is_empty() {
                change.run((argument.name, Value::Null));
            } else if let Ok(number) = text.parse::<u64>() {
                let mut pair = if two.get_untracked() { argument.pair() } else { [number; 2] };
                pair[axis] = number;
                let value = if pair[0] == pair[1] { json!(number) } else { json!(pair) };
                change.run((argument.name, value));
            }
        };
        let text =
            if follows { String::new() } else { argument.with_untracked(|a| a.pair()[axis].to_string()) };
        view! {
            <input
                type="number"
                class="number"
                data-testid=testid
                aria-label=label
                min=least.clone()
                step="1"
                placeholder=follows.then_some("kernel_size")
                prop:value=text
                on:change=send
            />
        }
    };
    let (test, test_width) = (format!("arg-{name}"), format!("arg-{name}-width"));
    let (one_label, width_label, split_name) = (name.clone(), format!("{name}, width"), name.clone());
    view! {
        {number(0, one_label, test)}
        {move || two.get().then(|| view! { <span class="note">"×"</span> {number(1, width_label.clone(), test_width.clone())} })}
        <button
            type="button"
            class="button small plain"
            aria-label=format!("{split_name}: height and width apart")
            title="Height and width apart"
            aria-pressed=move || two.get().to_string()
            on:click=move |_| two.update(|two| *two = !*two)
        >
            "h×w"
        </button>
    }
}
