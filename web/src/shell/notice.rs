use leptos::prelude::*;
use protocol::Command;

use crate::store::{Level, Workbench};

/// What the user should know, read out when it changes.
#[component]
pub fn NoticeBar() -> impl IntoView {
    let workbench = Workbench::get();
    let restore = move |_| {
        workbench.notice.set(None);
        workbench.send(Command::RestoreLastGood);
    };
    view! {
        <div class="notices" role="status" aria-live="polite" data-testid="notice">
            {move || {
                workbench
                    .notice
                    .get()
                    .map(|notice| {
                        let (class, sign) = match notice.level {
                            Level::Info => ("notice info", "i"),
                            Level::Error => ("notice error", "!"),
                        };
                        view! {
                            <div class=class>
                                <span class="notice-sign" aria-hidden="true">{sign}</span>
                                <span class="notice-text">{notice.text}</span>
                                {notice
                                    .offer_restore
                                    .then(|| {
                                        view! {
                                            <button type="button" class="button" data-testid="restore" on:click=restore>
                                                "Restore the last good weights"
                                            </button>
                                        }
                                    })}
                                <button
                                    type="button"
                                    class="button icon plain"
                                    aria-label="Dismiss"
                                    data-testid="dismiss"
                                    on:click=move |_| workbench.notice.set(None)
                                >
                                    "×"
                                </button>
                            </div>
                        }
                    })
            }}
        </div>
    }
}
