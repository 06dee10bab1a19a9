using Larder.Registry.Access;
using Larder.Web.SigningIn;
using Microsoft.AspNetCore.Components;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;

namespace Larder.Web.Settings;

/// <summary>One request for a page of settings, by somebody who is signed in and may see it.</summary>
internal sealed class SettingsVisit(HttpContext context, string address, Func<SettingsVisit, SettingsView> view)
{
    /// <summary>The request.</summary>
    public HttpContext Context => context;

    /// <summary>Who is looking.</summary>
    public Caller Caller => context.Caller();

    /// <summary>Ends with the request.</summary>
    public CancellationToken Cancel => context.RequestAborted;

    /// <summary>Of the page, without a query.</summary>
    public string Address => address;

    /// <summary>The form that was refused.</summary>
    public Attempt Attempt { get; set; } = Attempt.None;

    /// <summary>A service.</summary>
    public T Get<T>() where T : notnull => context.RequestServices.GetRequiredService<T>();

    /// <summary>Runs an operation of the API: see <see cref="ApiOperation"/>.</summary>
    public Task<OperationOutcome> RunAsync(string verb, string pattern, object? json = null, params (string Name, object Value)[] route) =>
        Get<ApiOperation>().RunAsync(context, verb, pattern, route.ToDictionary(pair => pair.Name, pair => pair.Value), json);

    /// <summary>Hands a secret over to the page that comes next.</summary>
    public void Reveal(string name, string text) => Get<RevealedOnce>().Put(context, address, new NewSecret(name, text));

    /// <summary>The page: the component with <c>Settings</c> and these parameters, 422 after a form that was refused.</summary>
    public IResult Page<TPage>(params (string Name, object? Value)[] parameters) where TPage : IComponent =>
        context.Page<TPage>(Attempt == Attempt.None ? StatusCodes.Status200OK : StatusCodes.Status422UnprocessableEntity,
            [("Settings", view(this)), .. parameters]);
}
