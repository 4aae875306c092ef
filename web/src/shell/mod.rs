//! The frame around the parts: header, tabs on narrow screens, notices, shortcuts.

mod file_menu;
mod header;
mod help;
mod notice;
mod opening;
mod shortcuts;
mod theme;

use leptos::prelude::*;

use crate::api;
use crate::data_panel::DataPanel;
use crate::dock::Dock;
use crate::inspector::Inspector;
use crate::network::Network;
use crate::paint::Palette;
use crate::store::{Level, Notice, Workbench};
use crate::transport::Transport;
pub use file_menu::read_file;
use header::Header;
use notice::NoticeBar;

/// The parts that share a narrow screen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Tab {
    Data,
    Network,
    Inspect,
    Curves,
}

const TABS: [(Tab, &str, &str); 4] = [
    (Tab::Data, "Data", "data"),
    (Tab::Network, "Network", "network"),
    (Tab::Inspect, "Inspect", "inspector"),
    (Tab::Curves, "Curves", "dock"),
];

/// The whole page.
#[component]
pub fn App() -> impl IntoView {
    let workbench = Workbench::new();
    provide_context(workbench);
    provide_context(RwSignal::new(Palette::default()));
    start(workbench);
    api::install(workbench);
    shortcuts::install(workbench);
    opening::install(workbench);
    let tab = RwSignal::new(Tab::Network);
    let shown = move |which| move || tab.get() == which;
    view! {
        <a class="skip" href="#network">"Skip to the network"</a>
        <Header/>
        <Transport/>
        <NoticeBar/>
        <main class="workbench">
            <section id="data" class="pane pane-data" class:shown=shown(Tab::Data) aria-label="Data">
                <DataPanel/>
            </section>
            <section id="network" class="pane pane-network" class:shown=shown(Tab::Network) aria-label="Network" tabindex="-1">
                <Network/>
            </section>
            <section id="inspector" class="pane pane-inspector" class:shown=shown(Tab::Inspect) aria-label="Inspector">
                <Inspector/>
            </section>
            <section id="dock" class="pane pane-dock" class:shown=shown(Tab::Curves) aria-label="Curves and evaluation">
                <Dock/>
            </section>
        </main>
        <nav class="tabs" aria-label="Parts of the page">
            {TABS
                .map(|(which, name, id)| {
                    view! {
                        <button
                            type="button"
                            data-testid=format!("tab-{id}")
                            aria-controls=id
                            aria-pressed=move || (tab.get() == which).to_string()
                            on:click=move |_| tab.set(which)
                        >
                            {name}
                        </button>
                    }
                })}
        </nav>
    }
}

/// Puts the page into the document, in the place of the words that stood in for it until now.
pub fn open() {
    console_error_panic_hook::set_once();
    mount_to_body(App);
    if let Some(boot) = document().get_element_by_id("boot") {
        boot.remove();
    }
}

fn start(workbench: Workbench) {
    workbench.engine.subscribe(move |event| workbench.apply(event));
    let fail = move |reason: String| {
        workbench.notice.set(Some(Notice {
            level: Level::Error,
            text: format!(
                "The worker that trains the network has failed: {reason}. Reload the page; if that does not help, \
                 update the browser."
            ),
            offer_restore: false,
        }));
    };
    if let Err(reason) = workbench.engine.start(fail) {
        fail(reason);
    }
}
