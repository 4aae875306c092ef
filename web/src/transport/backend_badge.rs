use leptos::prelude::*;
use protocol::{BackendChoice, BackendKind, Command, KernelTime, Reply};

use crate::menu::Menu;
use crate::store::{MOST_WORKERS, Workbench, workers_named};

const CHOICES: [(BackendChoice, &str, &str, &str); 3] = [
    (BackendChoice::Auto, "auto", "Automatic", "Whichever takes a few steps of this network faster"),
    (BackendChoice::Gpu, "gpu", "WebGPU", "The graphics processor, or an error that says why not"),
    (BackendChoice::Cpu, "cpu", "CPU", "WebAssembly on the processor"),
];

/// Which engine runs, why, and the choice of another.
#[component]
pub fn BackendBadge() -> impl IntoView {
    let workbench = Workbench::get();
    let chosen = move || workbench.backend.with(|b| b.as_ref().map(|backend| backend.asked.backend));
    let kind = move || workbench.backend.with(|backend| backend.as_ref().map(|backend| backend.kind));
    let name = move || {
        workbench.backend.with(|backend| match backend {
            Some(backend) if backend.kind == BackendKind::Gpu => "WebGPU".to_owned(),
            Some(backend) => {
                let s = if backend.n_workers == 1 { "" } else { "s" };
                format!("CPU · {} worker{s}", backend.n_workers)
            }
            None => "starting…".to_owned(),
        })
    };
    let compiling = Memo::new(move |_| workbench.status.with(|status| status.compiling));
    let class = move || match kind() {
        Some(BackendKind::Gpu) if compiling.get() => "badge waiting",
        Some(BackendKind::Gpu) => "badge gpu",
        Some(BackendKind::Cpu) => "badge cpu",
        None => "badge waiting",
    };
    let face = view! {
        <span class=class aria-hidden="true"></span>
        <span data-testid="backend">{move || if compiling.get() { "compiling…".to_owned() } else { name() }}</span>
        <span class="caret" aria-hidden="true">"▾"</span>
    };
    view! {
        <Menu
            id="backend-menu"
            label=Signal::derive(move || format!("Backend: {}. Show why, or choose another", name()))
            testid="backend-menu-button"
            face=face.into_any()
        >
            <Details/>
            {CHOICES
                .map(|(choice, id, name, about)| {
                    view! {
                        <button
                            type="button"
                            class="menu-item"
                            data-testid=format!("backend-{id}")
                            popovertarget="backend-menu"
                            popovertargetaction="hide"
                            aria-current=move || (chosen() == Some(choice)).then_some("true")
                            on:click=move |_| workbench.send(Command::SetBackend { backend: choice })
                        >
                            <span class="menu-name">{name}</span>
                            <span class="menu-about">{about}</span>
                        </button>
                    }
                })}
            <WorkersField/>
        </Menu>
    }
}

/// How many workers share a training step on the CPU.
#[component]
fn WorkersField() -> impl IntoView {
    let workbench = Workbench::get();
    let asked = Memo::new(move |_| workbench.backend.with(|b| b.as_ref().and_then(|b| b.asked.n_workers)));
    let change = move |event: web_sys::Event| {
        if let Some(n_workers) = workers_named(&event_target_value(&event)) {
            workbench.send(Command::SetWorkers { n_workers });
        }
    };
    let option = move |n: Option<usize>| {
        let (value, text) = match n {
            None => ("auto".to_owned(), "as many as are fastest".to_owned()),
            Some(n) => (n.to_string(), n.to_string()),
        };
        view! { <option value=value selected=move || asked.get() == n>{text}</option> }
    };
    view! {
        <label class="field workers">
            <span class="field-label">"CPU workers"</span>
            <select data-testid="workers" on:change=change>
                {std::iter::once(None).chain((1..=MOST_WORKERS).map(Some)).map(option).collect_view()}
            </select>
        </label>
    }
}

/// The engine's name, the reason for it, and its dispatches.
#[component]
fn Details() -> impl IntoView {
    let workbench = Workbench::get();
    move || match workbench.backend.get() {
        None => view! { <p class="menu-note">"The worker is starting."</p> }.into_any(),
        Some(backend) => view! {
            <div class="menu-note" data-testid="backend-details">
                <p class="menu-name">{backend.name}{backend.software.then_some(" (software)")}</p>
                <p>{backend.reason}</p>
                {backend.problem.map(|problem| view! { <p>{problem}</p> })}
                {backend
                    .dispatches_per_step
                    .map(|n| view! { <p class="figures">{format!("{n} dispatches a training step")}</p> })}
                {backend.pictures.map(|pictures| view! { <p>{pictures}</p> })}
                {(backend.kind == BackendKind::Gpu).then(|| view! { <Kernels/> })}
            </div>
        }
        .into_any(),
    }
}

/// How long each kernel of a training step takes, measured when that is asked for.
#[component]
fn Kernels() -> impl IntoView {
    let workbench = Workbench::get();
    let measured = RwSignal::new(None::<Option<Vec<KernelTime>>>);
    let measure = move |_| {
        workbench.ask(Command::KernelTimes, Vec::new(), move |reply, _| {
            if let Reply::KernelTimes { kernels } = reply {
                measured.try_set(Some(kernels));
            }
        });
    };
    let times = move || {
        measured.get().map(|kernels| match kernels {
            None => {
                view! { <p>"This GPU has no clock that says how long single kernels take."</p> }.into_any()
            }
            Some(kernels) => {
                let row = |KernelTime { name, millis }| {
                    view! { <tr><td>{name}</td><td class="figures">{format!("{millis:.3} ms")}</td></tr> }
                };
                view! {
                    <table class="kernels" data-testid="kernel-times" aria-label="How long each kernel takes">
                        <tbody>{kernels.into_iter().map(row).collect_view()}</tbody>
                    </table>
                }
                .into_any()
            }
        })
    };
    view! {
        <button type="button" class="button small time-kernels" data-testid="measure-kernels" on:click=measure>
            "Time each kernel"
        </button>
        {times}
    }
}
