using Larder.Registry.Access;
using Larder.Web.SigningIn;
using Microsoft.AspNetCore.Components;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;

namespace Larder.Web.Settings;

/// <summary>One request for a page of settings, by somebody who is signed in and may see it.</summary>
/// <param name="context">The request.</param>
/// <param name="address">Of the page, without a query.</param>
/// <param name="place">What the page is about; null for oneself.</param>
/// <param name="view">What is shown around the page.</param>
internal sealed class SettingsVisit(HttpContext context, string address, SettingsPlace? place, Func<SettingsVisit, SettingsView> view)
{
    /// <summary>The request.</summary>
    public HttpContext Context => context;

    /// <summary>Who is looking.</summary>
    public Caller Caller => context.Caller();

    /// <summary>Ends with the request.</summary>
    public CancellationToken Cancel => context.RequestAborted;

    /// <summary>Of the page, without a query.</summary>
    public string Address => address;

    /// <summary>The group or project; there is none on pages of oneself.</summary>
    public SettingsPlace Place => place ?? throw new InvalidOperationException("A page of oneself is about no group or project.");

    /// <summary>The form that was refused.</summary>
    public Attempt Attempt { get; set; } = Attempt.None;

    /// <summary>A service.</summary>
    public T Get<T>() where T : notnull => context.RequestServices.GetRequiredService<T>();

    /// <summary>Runs an operation of the API: see <see cref="ApiOperation"/>.</summary>
    public Task<OperationOutcome> RunAsync(string verb, string pattern, object? json = null, params (string Name, object Value)[] route) =>
        Get<ApiOperation>().RunAsync(context, verb, pattern, route.ToDictionary(pair => pair.Name, pair => pair.Value), json);

    /// <summary>Runs an operation on the place: <paramref name="below"/> is what its pattern has behind <c>/groups/{id}</c> or <c>/projects/{id}</c>.</summary>
    public Task<OperationOutcome> RunHereAsync(string verb, string below, object? json = null, params (string Name, object Value)[] route) =>
        RunAsync(verb, Place.ApiPattern + below, json, [("id", Place.Id), .. route]);

    /// <summary>Whether the reader may: for what is shown, the API decides on its own.</summary>
    public async ValueTask<bool> MayAsync(Permission inGroup, Permission inProject) =>
        await Place.AllowsAsync(Get<Gate>(), Caller, inGroup, inProject, Cancel);

    /// <summary>The levels that the reader may give to others, the least first: none above the reader's own.</summary>
    public async ValueTask<IReadOnlyList<AccessLevel>> GrantableAsync()
    {
        if (Caller.IsAdmin) return Roles.All;
        var own = await Place.LevelAsync(Get<Gate>(), Caller, Cancel);
        return [.. Roles.All.Where(level => level <= own)];
    }

    /// <summary>Hands a secret over to the page that comes next.</summary>
    public void Reveal(string name, string text) => Get<RevealedOnce>().Put(context, address, new NewSecret(name, text));

    /// <summary>The page: the component with <c>Settings</c> and these parameters, 422 after a form that was refused.</summary>
    public IResult Page<TPage>(params (string Name, object? Value)[] parameters) where TPage : IComponent =>
        context.Page<TPage>(Attempt == Attempt.None ? StatusCodes.Status200OK : StatusCodes.Status422UnprocessableEntity,
            [("Settings", view(this)), .. parameters]);
}
