using System.Globalization;
using AngleSharp.Html.Dom;
using AngleSharp.Html.Parser;
using Larder.Registry.Namespaces;
using Larder.Registry.VirtualRegistries;
using Larder.Testing;

namespace Larder.Web.Tests;

/// <summary>A group for virtual registries, and scripted upstreams with names to put behind them.</summary>
internal sealed class RegistryGroup : IAsyncDisposable
{
    private const string Maven = "/virtual_registries/packages/maven";
    private static int addresses;
    private readonly CancellationToken cancel = TestContext.Current.CancellationToken;
    private readonly List<ScriptedUpstream> upstreams = [];

    private RegistryGroup(LarderServer server, Namespace group) =>
        (Server, Group, Root) = (server, group, server.ClientFor(LarderServer.RootToken));

    public LarderServer Server { get; }

    public Namespace Group { get; }

    public HttpClient Root { get; }

    public static async Task<RegistryGroup> CreateAsync(LarderServer server) =>
        new(server, await server.CreateGroupAsync(TestContext.Current.CancellationToken));

    /// <summary>A host name that leads to a new scripted server.</summary>
    public (ScriptedUpstream Upstream, string Url) NewUpstream()
    {
        var upstream = new ScriptedUpstream();
        upstreams.Add(upstream);
        var number = Interlocked.Increment(ref addresses);
        var host = $"repository-{number}.example";
        Server.Upstreams.Map(host, $"203.2.0.{number}", upstream.Port);
        return (upstream, $"http://{host}");
    }

    /// <summary>Makes a registry; its id.</summary>
    public Task<long> AddRegistryAsync(string name = "maven", string? description = null) =>
        CreateAsync($"/groups/{Group.Id}/-{Maven}/registries", new { name, description });

    /// <summary>Puts an upstream behind the others of a registry; its id.</summary>
    public Task<long> AddUpstreamAsync(long registry, object settings) => CreateAsync($"{Maven}/registries/{registry}/upstreams", settings);

    /// <summary>Downloads a file, and waits until its row is written, for which no client waits.</summary>
    public async Task CacheAsync(long registry, long upstream, string path)
    {
        (await AskAsync("GET", $"/{registry}/{path}")).Status.ShouldBe(200);
        await Eventually.UntilAsync(async () =>
            (await AskAsync("GET", $"/upstreams/{upstream}/cache_entries?search={Uri.EscapeDataString(path)}")).Text != "[]");
    }

    /// <summary>Waits until so much is written down of what was done with an upstream.</summary>
    public async Task WaitForFiguresAsync(long upstream, long hits, long sent)
    {
        var figures = Server.Get<UpstreamFigures>();
        using var patience = new CancellationTokenSource(TimeSpan.FromSeconds(30));
        while (UpstreamDay.Sum(await figures.OfAsync([upstream], 30, cancel)) is var sum && (sum.Hits != hits || sum.Sent != sent))
        {
            patience.IsCancellationRequested.ShouldBeFalse($"{sum}");
            await figures.FlushAsync(cancel);
        }
    }

    /// <summary>Asks below <c>/virtual_registries/packages/maven</c>.</summary>
    public Task<Answer> AskAsync(string method, string path, object? json = null) => Root.AskAsync(method, Maven + path, cancel, json);

    /// <summary>Sends the form of a page, as a browser without scripts does: what its fields hold, but for those given.</summary>
    public async Task<Answer> SubmitAsync(Person person, string page, string button, params (string Name, string Value)[] typed)
    {
        var document = await PageAsync(person, page);
        var pressed = document.QuerySelectorAll("main button").OfType<IHtmlButtonElement>()
            .First(one => one.TextContent == button || one.GetAttribute("aria-label") == button);
        var form = pressed.Form!;
        var fields = new Dictionary<string, string>();
        foreach (var element in form.QuerySelectorAll("input[name], select[name]"))
        {
            var value = element is IHtmlSelectElement select ? select.Value : ((IHtmlInputElement)element).Value;
            if (element is not IHtmlInputElement { Type: "checkbox", IsChecked: false }) fields[element.GetAttribute("name")!] = value ?? "";
        }
        if (pressed.Name is { Length: > 0 } name) fields[name] = pressed.Value;
        foreach (var (field, value) in typed) fields[field] = value;
        var action = form.GetAttribute("action") is { Length: > 0 } address ? address : page;
        return await person.PostAsync(action, cancel, [.. fields.Select(field => (field.Key, field.Value))]);
    }

    /// <summary>A page, read.</summary>
    public async Task<IHtmlDocument> PageAsync(Person person, string page)
    {
        var answer = await person.GetAsync(page, cancel);
        answer.Status.ShouldBe(200, page);
        return await new HtmlParser().ParseDocumentAsync(answer.Text, cancel);
    }

    /// <summary>Somebody signed in.</summary>
    public async Task<Person> SignInAsync(string token = LarderServer.RootToken)
    {
        var person = new Person(Server);
        (await person.SignInAsync(cancel, ("token", token))).Status.ShouldBe(303);
        return person;
    }

    public async ValueTask DisposeAsync()
    {
        Root.Dispose();
        foreach (var upstream in upstreams) await upstream.DisposeAsync();
        Server.Upstreams.Escapes.ShouldBeEmpty();
    }

    private async Task<long> CreateAsync(string path, object json)
    {
        var made = await Root.AskAsync("POST", path, cancel, json);
        made.Status.ShouldBe(201, made.Text);
        return long.Parse(made["id"]!, CultureInfo.InvariantCulture);
    }
}
