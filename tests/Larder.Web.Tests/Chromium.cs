using System.Reflection;
using System.Text.RegularExpressions;
using Deque.AxeCore.Playwright;
using Larder.Testing;
using Microsoft.Playwright;

[assembly: AssemblyFixture(typeof(Larder.Web.Tests.Chromium))]

namespace Larder.Web.Tests;

/// <summary>Debian's Chromium, once for all tests; each has a profile of its own in it.</summary>
public sealed class Chromium : IAsyncLifetime
{
    private const string Executable = "/usr/bin/chromium";
    private IPlaywright playwright = null!;
    private IBrowser browser = null!;

    public async ValueTask InitializeAsync()
    {
        playwright = await Playwright.CreateAsync();
        browser = await playwright.Chromium.LaunchAsync(new()
        {
            ExecutablePath = Executable,
            Args =
            [
                "--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update", "--disable-sync", "--no-first-run",
            ],
        });
    }

    public async ValueTask DisposeAsync()
    {
        await browser.DisposeAsync();
        playwright.Dispose();
    }

    /// <summary>A person with a fresh browser, at the first page.</summary>
    public Task<Visit> VisitAsync(LarderServer server, bool scripts = true) => VisitAsync(server.BaseAddress, scripts);

    /// <summary>The same at a server somewhere else.</summary>
    public async Task<Visit> VisitAsync(Uri server, bool scripts = true)
    {
        var context = await browser.NewContextAsync(new()
        {
            BaseURL = server.ToString(), JavaScriptEnabled = scripts, ViewportSize = new() { Width = 1000, Height = 800 },
        });
        var visit = new Visit(await context.NewPageAsync(), server);
        await visit.BeginAsync();
        return visit;
    }
}

/// <summary>One person's use of the pages. At its end there must have been no error of a script and no request to another host.</summary>
public sealed class Visit(IPage page, Uri server) : IAsyncDisposable
{
    private const int Phone = 360;
    private const int Patience = 30_000; // milliseconds

    private const string TablesThatMakeNoCards = """
        [...document.querySelectorAll("table.cards tbody tr")].filter(row => {
          const heads = [...row.closest("table").querySelectorAll("thead th")];
          return heads.length !== row.cells.length || heads.some((head, i) => head.textContent.trim() !== row.cells[i].dataset.label
            || head.classList.contains("number") !== row.cells[i].classList.contains("number"));
        }).map(row => row.outerHTML)
        """;

    private readonly List<string> problems = [];

    public IPage Page => page;

    public async Task BeginAsync()
    {
        page.SetDefaultTimeout(Patience);
        page.Console += (_, message) =>
        {
            // The browser calls every page with an error status an error.
            if (message.Type == "error" && !message.Text.StartsWith("Failed to load resource: the server responded with a status of 4", StringComparison.Ordinal))
                problems.Add(message.Text);
        };
        page.PageError += (_, error) => problems.Add(error);
        page.Dialog += (_, dialog) =>
        {
            if (dialog.Type != DialogType.BeforeUnload) problems.Add($"A dialog: {dialog.Message}");
            _ = dialog.DismissAsync();
        };
        page.Request += (_, request) =>
        {
            if (!request.Url.StartsWith("data:", StringComparison.Ordinal) && new Uri(request.Url).Authority != server.Authority) problems.Add($"A request to {request.Url}");
        };
        await page.GotoAsync("/");
    }

    /// <summary>Signs in with a token.</summary>
    public async Task SignInAsync(string token)
    {
        await page.GetByRole(AriaRole.Link, new() { Name = "Sign in", Exact = true }).ClickAsync();
        await page.GetByLabel("Access token").FillAsync(token);
        await page.GetByRole(AriaRole.Button, new() { Name = "Sign in with the token" }).ClickAsync();
    }

    /// <summary>Waits until the browser is at an address that holds this piece.</summary>
    /// <remarks>Asks again and again where it is; waiting for the navigation itself misses one that ends while the wait begins.</remarks>
    public Task ArriveAsync(string piece) =>
        Assertions.Expect(page).ToHaveURLAsync(new Regex(Regex.Escape(piece)), new() { Timeout = Patience });

    /// <summary>Looks at the page closely: axe in light and dark, no sideways scrolling on a phone, and a picture of it.</summary>
    public async Task InspectAsync(string name)
    {
        var folder = typeof(Visit).Assembly.GetCustomAttributes<AssemblyMetadataAttribute>().Single(data => data.Key == "ScreenshotFolder").Value!;
        Directory.CreateDirectory(folder);
        foreach (var scheme in new[] { ColorScheme.Light, ColorScheme.Dark })
        {
            await page.EmulateMediaAsync(new() { ColorScheme = scheme, ReducedMotion = ReducedMotion.Reduce });
            var result = await page.RunAxe();
            result.Violations.Select(violation => $"{name} {scheme}: {violation.Id} {violation.Help}: {string.Join(" | ", violation.Nodes.Select(node => node.Html))}")
                .ShouldBeEmpty();
            await page.ScreenshotAsync(new() { Path = Path.Combine(folder, $"{name}-{scheme.ToString().ToLowerInvariant()}.png"), FullPage = true });
        }
        (await page.EvaluateAsync<string[]>(TablesThatMakeNoCards)).ShouldBeEmpty($"{name}: as cards, cells carry the names of their columns");
        await page.EmulateMediaAsync(new() { ColorScheme = ColorScheme.Light });
        await page.SetViewportSizeAsync(Phone, 740);
        await page.ScreenshotAsync(new() { Path = Path.Combine(folder, $"{name}-phone.png"), FullPage = true });
        (await page.EvaluateAsync<int>("document.documentElement.scrollWidth")).ShouldBeLessThanOrEqualTo(Phone, $"{name} scrolls sideways on a phone");
        await page.SetViewportSizeAsync(1000, 800);
    }

    public async ValueTask DisposeAsync()
    {
        await page.Context.DisposeAsync();
        problems.ShouldBeEmpty();
    }
}
