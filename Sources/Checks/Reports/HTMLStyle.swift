/// The style sheet of the HTML report: light and dark, for screen and paper.
enum HTMLStyle {
    static let sheet: StaticString = """
        :root {
          color-scheme: light dark;
          --page: #f6f7f9; --card: #ffffff; --ink: #1c2330; --quiet: #5d6879; --line: #dfe3ea;
          --pass: #1a7f4b; --fail: #c6303e; --warn: #a86400; --info: #2463c7; --skipped: #8791a1;
          --code: #eef1f5;
        }
        @media (prefers-color-scheme: dark) {
          :root {
            --page: #12161d; --card: #1a202a; --ink: #e4e8ef; --quiet: #98a4b5; --line: #2c3543;
            --pass: #4cc38a; --fail: #ff7b86; --warn: #f0b24a; --info: #7db2ff; --skipped: #7b8798;
            --code: #10151c;
          }
        }
        * { box-sizing: border-box; }
        body { margin: 0; background: var(--page); color: var(--ink);
          font: 15px/1.55 system-ui, -apple-system, "Segoe UI", Roboto, sans-serif; }
        main { max-width: 56rem; margin: 0 auto; padding: 2.5rem 1.25rem 4rem; }
        header { margin-bottom: 2rem; }
        .kicker { margin: 0; color: var(--quiet); font-size: .85rem; letter-spacing: .04em;
          text-transform: uppercase; }
        h1 { margin: .1em 0; font-size: 2.2rem; line-height: 1.2; }
        h1.pass { color: var(--pass); } h1.fail { color: var(--fail); } h1.warn { color: var(--warn); }
        .target { margin: 0 0 1.2rem; font-family: ui-monospace, SFMono-Regular, Menlo, monospace;
          overflow-wrap: anywhere; }
        .meter { display: flex; gap: 2px; height: .6rem; border-radius: .3rem; overflow: hidden; }
        .meter .pass { background: var(--pass); } .meter .fail { background: var(--fail); }
        .meter .warn { background: var(--warn); } .meter .info { background: var(--info); }
        .meter .skipped { background: var(--line); }
        .counts { display: flex; flex-wrap: wrap; gap: .4rem 1.4rem; margin: .8rem 0 0; padding: 0;
          list-style: none; }
        .counts .pass b { color: var(--pass); } .counts .fail b { color: var(--fail); }
        .counts .warn b { color: var(--warn); } .counts .info b { color: var(--info); }
        .counts .none { color: var(--quiet); }
        h2 { margin: 2rem 0 .6rem; font-size: 1.05rem; }
        details { background: var(--card); border: 1px solid var(--line); border-top-width: 0; }
        h2 + details { border-top-width: 1px; border-radius: .5rem .5rem 0 0; }
        details:last-child { border-radius: 0 0 .5rem .5rem; }
        h2 + details:last-child { border-radius: .5rem; }
        summary { display: flex; align-items: baseline; gap: .7rem; padding: .55rem .9rem;
          cursor: pointer; list-style: none; }
        summary::-webkit-details-marker { display: none; }
        summary:hover { background: color-mix(in srgb, var(--line) 35%, transparent); }
        summary:focus-visible { outline: 2px solid var(--info); outline-offset: -2px; }
        summary code { font-size: .88em; white-space: nowrap; }
        .mark { width: 1.1rem; flex: none; font-weight: 700; text-align: center; }
        .title { color: var(--quiet); }
        .pass > summary .mark { color: var(--pass); } .fail > summary .mark { color: var(--fail); }
        .warn > summary .mark { color: var(--warn); } .info > summary .mark { color: var(--info); }
        .skipped > summary { color: var(--skipped); }
        details.fail { border-left: 3px solid var(--fail); }
        details.warn { border-left: 3px solid var(--warn); }
        .body { padding: 0 .9rem .8rem 2.7rem; }
        .body p { margin: .45rem 0; max-width: 44rem; overflow-wrap: anywhere; }
        .reason { font-weight: 600; }
        .reason.fail { color: var(--fail); } .reason.warn { color: var(--warn); }
        .reason.skipped, .reason.info, .reason.pass { font-weight: 400; color: var(--quiet); }
        .why { font-style: italic; }
        code, pre { font-family: ui-monospace, SFMono-Regular, Menlo, monospace; }
        .finding code { padding: .1em .35em; border-radius: .25em; background: var(--code);
          font-size: .88em; }
        pre { max-height: 12rem; margin: .4rem 0 .8rem; padding: .6rem .8rem; overflow: auto;
          border: 1px solid var(--line); border-radius: .4rem; background: var(--code);
          font-size: .82rem; white-space: pre-wrap; overflow-wrap: anywhere; }
        a { color: var(--info); }
        .links, footer { color: var(--quiet); font-size: .88rem; }
        footer { margin-top: 2rem; }
        @media (max-width: 40rem) { summary { flex-wrap: wrap; } .body { padding-left: .9rem; } }
        @media print { body { background: none; } pre { max-height: none; } }
        """
}
