use leptos::prelude::*;

use crate::figures;
use crate::store::Workbench;

/// Epoch, step, images and speed, and the way through the epoch.
#[component]
pub fn Counters() -> impl IntoView {
    let workbench = Workbench::get();
    let status = workbench.status;
    let epochs = move || status.with(|s| s.step as f64 / s.steps_per_epoch.max(1) as f64);
    let within = move || status.with(|s| (s.step % s.steps_per_epoch.max(1)) as f64);
    let speed = move || {
        status.with(|s| {
            if s.images_per_second > 0.0 {
                figures::count(s.images_per_second as u64)
            } else {
                "–".to_owned()
            }
        })
    };
    let millis = move || {
        status.with(|s| match s.step_millis {
            Some(millis) => format!("{millis:.2} ms a step"),
            None => "not measured yet".to_owned(),
        })
    };
    view! {
        <div class="counters">
            <dl class="counter-row">
                <Counter name="epoch" testid="epoch-count" width_ch=5 value=Signal::derive(move || format!("{:.2}", epochs()))/>
                <Counter name="step" testid="step-count" width_ch=6 value=Signal::derive(move || status.with(|s| figures::count(s.step)))/>
                <Counter name="images" testid="image-count" width_ch=9 value=Signal::derive(move || status.with(|s| figures::count(s.images_seen)))/>
                <Counter name="images/s" testid="speed" width_ch=7 value=Signal::derive(speed) hint=Signal::derive(millis)/>
            </dl>
            <progress
                class="epoch-progress"
                aria-label="Within the epoch"
                data-testid="epoch-progress"
                max=move || status.with(|s| s.steps_per_epoch.max(1)).to_string()
                prop:value=within
            ></progress>
        </div>
    }
}

#[component]
fn Counter(
    name: &'static str,
    testid: &'static str,
    width_ch: u32,
    value: Signal<String>,
    #[prop(optional, into)] hint: Option<Signal<String>>,
) -> impl IntoView {
    view! {
        <div class="counter" title=move || hint.map(|hint| hint.get())>
            <dt>{name}</dt>
            <dd data-testid=testid style=format!("min-width: {width_ch}ch")>{move || value.get()}</dd>
        </div>
    }
}
