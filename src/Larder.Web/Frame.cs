using Microsoft.AspNetCore.Http.Features;
using Larder.Registry;
using Larder.Registry.Access;
using Larder.Registry.Http;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Components;

namespace Larder.Web;

/// <summary>What every page knows: who looks at it, and from where.</summary>
/// <param name="Username">Null for nobody in particular.</param>
/// <param name="IsAdmin">Whether that is an administrator.</param>
/// <param name="FormToken">What every form of this page sends along; null where nobody is signed in.</param>
/// <param name="Here">Path and query of the page that the reader is looking at: for a form, of the page that has shown it.</param>
/// <param name="BaseUrl">Where clients see this server, without a slash at the end.</param>
public sealed record Frame(string? Username, bool IsAdmin, string? FormToken, string Here, string BaseUrl)
{
    /// <summary>Whether somebody has signed in.</summary>
    public bool IsSignedIn => Username is not null;

    /// <summary>Of a request that nobody is known of yet.</summary>
    internal static Frame Of(HttpContext context, LarderOptions options)
    {
        var baseUrl = ExternalUrl.Base(context, options.ExternalUrl);
        return new(null, false, null, ShownPage.Of(context, baseUrl), baseUrl);
    }
}

/// <summary>A step of the way from the home page to this one; without an address where it is this page.</summary>
public sealed record Crumb(string Text, string? Address = null);

/// <summary>Answers of pages.</summary>
public static class PageAnswers
{
    /// <summary>The frame of this request.</summary>
    public static Frame Frame(this HttpContext context) => context.Features.GetRequiredFeature<Frame>();

    /// <summary>
    /// A page: the component with <see cref="Frame"/> and these parameters, named in pairs.
    /// </summary>
    public static IResult Page<TPage>(this HttpContext context, int status, params (string Name, object? Value)[] parameters) where TPage : IComponent
    {
        var values = parameters.ToDictionary(pair => pair.Name, pair => pair.Value);
        values["Frame"] = context.Frame();
        return new RazorComponentResult<TPage>(values) { StatusCode = status };
    }

    /// <summary>303: look there now.</summary>
    public static IResult SeeOther(this HttpContext context, string address)
    {
        context.Response.Headers.Location = address;
        return Results.StatusCode(StatusCodes.Status303SeeOther);
    }

    /// <summary>404, the same for what is not there and for what one may not see.</summary>
    public static IResult NoSuchPage(this HttpContext context) => context.Page<Pages.ErrorPage>(StatusCodes.Status404NotFound,
        ("Title", "Not found"), ("Text", "There is nothing here, or nothing that you may see."));

    /// <summary>For pages of signed-in people: to the form of signing in, which leads back; null for whoever is.</summary>
    public static IResult? SignInFirst(this HttpContext context) =>
        context.Caller().IsAnonymous ? context.SeeOther(Links.SignInAndReturn(context.Frame().Here)) : null;
}
