using System.Collections.Concurrent;
using Larder.Registry;
using Larder.Registry.Access;
using Larder.Registry.Data;
using Larder.Registry.Namespaces;
using Larder.Server;
using Larder.Storage.Upstreams;
using Larder.Web;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Time.Testing;

namespace Larder.Testing;

/// <summary>A user of a test, with a token of scope <c>api</c>.</summary>
public sealed record TestUser(long Id, string Username, string Token);

/// <summary>
/// The whole registry behind a real Kestrel on a free port of loopback, with a clock that stands still until the test moves it,
/// and an upstream connector that cannot leave the machine.
/// </summary>
public sealed class LarderServer : IAsyncDisposable
{
    /// <summary>The token of <c>root</c>.</summary>
    public const string RootToken = "glpat-root-of-the-tests-0123456789";

    private readonly TemporaryDirectory directory;
    private readonly WebApplication app;
    private readonly SocketsHttpHandler handler = new() { AllowAutoRedirect = false, UseCookies = false };
    private int names;

    private LarderServer(TemporaryDirectory directory, WebApplication app)
    {
        this.directory = directory;
        this.app = app;
        BaseAddress = new Uri(app.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses.Single());
    }

    /// <summary>Where it listens.</summary>
    public Uri BaseAddress { get; }

    /// <summary>What the server takes for the time.</summary>
    public FakeTimeProvider Time => (FakeTimeProvider)app.Services.GetRequiredService<TimeProvider>();

    /// <summary>The edge towards upstreams.</summary>
    public LoopbackConnector Upstreams => (LoopbackConnector)app.Services.GetRequiredService<UpstreamConnector>();

    /// <summary>The server's own services.</summary>
    public IServiceProvider Services => app.Services;

    /// <summary>Everything that was logged, as text.</summary>
    public ConcurrentQueue<string> Log { get; private init; } = [];

    /// <summary>Starts a server on a database of its own.</summary>
    /// <param name="cancellationToken">Ends the start.</param>
    /// <param name="connectionString">An empty PostgreSQL database; null for SQLite.</param>
    /// <param name="options">Makes the options of the data directory and the connection string (empty for SQLite), where the defaults do not do.</param>
    /// <param name="services">Replaces services; what is registered here is kept.</param>
    /// <param name="pages">Whether it has the pages for people too.</param>
    public static async Task<LarderServer> StartAsync(
        CancellationToken cancellationToken, string? connectionString = null, Func<string, string, LarderOptions?>? options = null,
        Action<IServiceCollection>? services = null, bool pages = false)
    {
        var directory = new TemporaryDirectory();
        var log = new ConcurrentQueue<string>();
        var builder = WebApplication.CreateSlimBuilder();
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        builder.WebHost.ConfigureKestrel(kestrel => kestrel.Limits.MaxRequestBodySize = 1 << 20);
        builder.Logging.ClearProviders();
        builder.Logging.AddProvider(new LogQueue(log));
        if (pages) builder.Services.AddPages();
        services?.Invoke(builder.Services);
        builder.Services.AddSingleton<TimeProvider>(new FakeTimeProvider(new DateTimeOffset(2026, 1, 2, 3, 4, 5, TimeSpan.Zero)));
        builder.Services.AddSingleton<UpstreamConnector>(new LoopbackConnector());
        builder.Services.AddRegistry(options?.Invoke(directory.Path, connectionString ?? "")
            ?? new LarderOptions { DataDirectory = directory.Path, Database = connectionString ?? "", InitialRootToken = RootToken });
        builder.Services.AddApiReference();
        var app = builder.Build();
        app.UseRegistry();
        if (pages) app.UsePages();
        app.MapRegistry();
        app.MapApiDocument();
        if (pages) app.MapPages();
        await app.Services.GetRequiredService<Database>().MigrateAsync(cancellationToken);
        await app.Services.GetRequiredService<RootAccount>().EnsureAsync(cancellationToken);
        await app.StartAsync(cancellationToken);
        return new LarderServer(directory, app) { Log = log };
    }

    /// <summary>A client with this token in the header <c>PRIVATE-TOKEN</c>; null for none. It follows no redirects.</summary>
    public HttpClient ClientFor(string? token)
    {
        var client = new HttpClient(handler, disposeHandler: false) { BaseAddress = BaseAddress };
        if (token is not null) client.DefaultRequestHeaders.Add("PRIVATE-TOKEN", token);
        return client;
    }

    /// <summary>A client of this user.</summary>
    public HttpClient ClientFor(TestUser user) => ClientFor(user.Token);

    /// <summary>A name that no other test has.</summary>
    public string NewName(string kind) => $"{kind}-{Interlocked.Increment(ref names)}";

    /// <summary>Makes a user with a token.</summary>
    public async Task<TestUser> CreateUserAsync(CancellationToken cancellationToken, string? username = null, bool admin = false)
    {
        username ??= NewName("user");
        var user = await Get<UserStore>().CreateAsync(new NewUser(username, $"Name of {username}", $"{username}@example.com", admin), cancellationToken);
        return new TestUser(user.Id, username, await CreateTokenAsync(user.Id, cancellationToken, "api"));
    }

    /// <summary>Makes a token that never expires and answers its text.</summary>
    public async Task<string> CreateTokenAsync(long userId, CancellationToken cancellationToken, params string[] scopes) =>
        (await Get<TokenStore>().CreateAsync(userId, "test", null, scopes, expiresAt: null, cancellationToken)).Text;

    /// <summary>Makes a group, whose only member is <c>root</c>.</summary>
    public async Task<Namespace> CreateGroupAsync(
        CancellationToken cancellationToken, string? path = null, string visibility = Visibility.Private, Namespace? parent = null)
    {
        var root = await Get<UserStore>().FindByNameAsync("root", cancellationToken);
        path ??= NewName("group");
        return await Get<NamespaceStore>().CreateGroupAsync(parent, $"Name of {path}", path, visibility, "", root!.Id, cancellationToken);
    }

    /// <summary>Makes a project; in a new private group unless one is given.</summary>
    public async Task<Project> CreateProjectAsync(
        CancellationToken cancellationToken, string? path = null, string visibility = Visibility.Private, Namespace? group = null,
        string registryAccess = RegistryAccess.Enabled)
    {
        group ??= await CreateGroupAsync(cancellationToken, visibility: visibility);
        path ??= NewName("project");
        return await Get<ProjectStore>().CreateAsync(
            new NewProject(group, $"Name of {path}", path, visibility, registryAccess, "", null), cancellationToken);
    }

    /// <summary>Makes a user a member of a project.</summary>
    public Task AddMemberAsync(
        Project project, TestUser user, AccessLevel level, CancellationToken cancellationToken, DateOnly? expiresOn = null) =>
        Get<MemberStore>().AddAsync(new Place(project.Id, null), user.Id, level, Midnight(expiresOn), cancellationToken);

    /// <summary>Makes a user a member of a group.</summary>
    public Task AddMemberAsync(
        Namespace group, TestUser user, AccessLevel level, CancellationToken cancellationToken, DateOnly? expiresOn = null) =>
        Get<MemberStore>().AddAsync(new Place(null, group.Id), user.Id, level, Midnight(expiresOn), cancellationToken);

    /// <summary>A service of the server.</summary>
    public T Get<T>() where T : notnull => app.Services.GetRequiredService<T>();

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        handler.Dispose();
        await app.DisposeAsync();
        directory.Dispose();
    }

    private static long? Midnight(DateOnly? day) => Registry.Http.ApiJson.Midnight(day);

    private sealed class LogQueue(ConcurrentQueue<string> log) : ILoggerProvider, ILogger
    {
        public ILogger CreateLogger(string categoryName) => this;

        public IDisposable? BeginScope<TState>(TState state) where TState : notnull => null;

        public bool IsEnabled(LogLevel logLevel) => true;

        public void Log<TState>(
            LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter) =>
            log.Enqueue($"{logLevel} {eventId.Id} {formatter(state, exception)} {exception}");

        public void Dispose()
        {
        }
    }
}
