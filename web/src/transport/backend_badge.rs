use leptos::prelude::*;
use protocol::{BackendChoice, BackendKind, Command, KernelTime, Reply};

use crate::menu::Menu;
use crate::store::Workbench;

const CHOICES: [(BackendChoice, &str, &str, &str); 3] = [
    (BackendChoice::Auto, "auto", "Automatic", "A real GPU where there is one, else the CPU"),
    (BackendChoice::Gpu, "gpu", "WebGPU", "The graphics processor, or an error that says why not"),
    (BackendChoice::Cpu, "cpu", "CPU", "WebAssembly on the processor"),
];

/// Which engine runs, why, and the choice of another.
#[component]
pub fn BackendBadge() -> impl IntoView {
    let workbench = Workbench::get();
    let chosen = RwSignal::new(BackendChoice::Auto);
    let kind = move || workbench.backend.with(|backend| backend.as_ref().map(|backend| backend.kind));
    let stands_in =
        move || workbench.backend.with(|backend| backend.as_ref().is_some_and(|backend| backend.stands_in));
    let name = move || match kind() {
        Some(BackendKind::Gpu) => "WebGPU",
        Some(BackendKind::Cpu) if stands_in() => "CPU, no WebGPU",
        Some(BackendKind::Cpu) => "CPU",
        None => "starting…",
    };
    let class = move || match kind() {
        Some(BackendKind::Gpu) => "badge gpu",
        Some(BackendKind::Cpu) => "badge cpu",
        None => "badge waiting",
    };
    let face = view! {
        <span class=class aria-hidden="true"></span>
        <span data-testid="backend">{name}</span>
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
                            aria-current=move || (chosen.get() == choice).then_some("true")
                            on:click=move |_| {
                                chosen.set(choice);
                                workbench.send(Command::SetBackend { backend: choice });
                            }
                        >
                            <span class="menu-name">{name}</span>
                            <span class="menu-about">{about}</span>
                        </button>
                    }
                })}
        </Menu>
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
                {backend
                    .dispatches_per_step
                    .map(|n| view! { <p class="figures">{format!("{n} dispatches a training step")}</p> })}
                {(backend.kind == BackendKind::Gpu).then(|| view! { <Kernels/> })}
                {backend.pictures.map(|pictures| view! { <p>{pictures}</p> })}
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
                    <table data-testid="kernel-times">
                        <tbody>{kernels.into_iter().map(row).collect_view()}</tbody>
                    </table>
                }
                .into_any()
            }
        })
    };
    view! {
        <button type="button" data-testid="measure-kernels" on:click=measure>"Time each kernel"</button>
        {times}
    }
}
