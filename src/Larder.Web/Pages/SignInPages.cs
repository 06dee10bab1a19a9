using System.Buffers.Text;
using System.Security.Cryptography;
using Larder.Registry;
using Larder.Registry.Access;
using Larder.Web.SigningIn;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;

namespace Larder.Web.Pages;

/// <summary>Signing in and out.</summary>
internal static class SignInPages
{
    private const int RandomBytes = 32;
    private const int LongestSecret = 4096;

    // The same whatever was wrong: they must not tell who exists.
    private const string TokenRefused = "That did not work. A token must be a person's own, still good, and have the scope api.";
    private const string PasswordRefused = "The username or the password is wrong, or the user may not sign in.";

    public static void Map(IEndpointRouteBuilder pages)
    {
        pages.MapGet(Links.SignIn, (HttpContext context, LarderOptions options) =>
            context.Caller().IsAnonymous
                ? Show(context, options, context.Request.Query["return"], "", FormErrors.None, StatusCodes.Status200OK)
                : context.SeeOther(Links.Local(context.Request.Query["return"])));
        pages.MapPost(Links.SignIn, SignInAsync).WithMetadata(new OpenForm());
        pages.MapPost(Links.SignOut, SignOutAsync).WithMetadata(new OpenForm());
    }

    private static async Task<IResult> SignInAsync(
        HttpContext context, LarderOptions options, SignIn signIn, SignInLimit limit, CancellationToken cancellationToken)
    {
        var (form, refusal) = await PageForm.ReadAsync(context, SessionCookie.ReadVisitor(context, options));
        if (form is null) return refusal!;
        var (token, name, password) = (form["token"], form["username"], form.Exact("password"));
        var way = form.Has("token") ? SignInWay.Token : SignInWay.Password;
        var (address, counted) = (context.Connection.RemoteIpAddress, way == SignInWay.Token ? null : name);
        if (!limit.TryBegin(address, counted)) return TooOften(context, options, form);
        var secret = way == SignInWay.Token
            ? token.Length is > 0 and <= LongestSecret ? await signIn.WithTokenAsync(token, cancellationToken) : null
            : name.Length > 0 ? await signIn.WithPasswordAsync(name, password, cancellationToken) : null;
        if (secret is null)
        {
            limit.Failed(address, way);
            return Show(context, options, form["return"], name, FormErrors.Of(way == SignInWay.Token ? TokenRefused : PasswordRefused),
                StatusCodes.Status422UnprocessableEntity);
        }
        limit.Succeeded(address, counted);
        SessionCookie.Write(context, options, secret);
        return context.SeeOther(Links.Local(form["return"]));
    }

    private static async Task<IResult> SignOutAsync(
        HttpContext context, LarderOptions options, SessionStore sessions, CancellationToken cancellationToken)
    {
        if (SessionCookie.Read(context, options) is not { } secret || context.Caller().IsAnonymous) return context.SeeOther(Links.Home);
        var (form, refusal) = await PageForm.ReadAsync(context, secret);
        if (form is null) return refusal!;
        await sessions.EndAsync(secret, cancellationToken);
        SessionCookie.Delete(context, options);
        return context.SeeOther(Links.Home);
    }

    private static IResult TooOften(HttpContext context, LarderOptions options, PageForm form)
    {
        context.Response.Headers.RetryAfter = ((int)SignInLimit.Span.TotalSeconds).ToString(System.Globalization.CultureInfo.InvariantCulture);
        return Show(context, options, form["return"], form["username"],
            FormErrors.Of($"Too many attempts. Try again in {SignInLimit.Span.TotalMinutes} minutes."), StatusCodes.Status429TooManyRequests);
    }

    private static IResult Show(HttpContext context, LarderOptions options, string? back, string username, FormErrors errors, int status)
    {
        if (SessionCookie.ReadVisitor(context, options) is not { } secret)
        {
            secret = Base64Url.EncodeToString(RandomNumberGenerator.GetBytes(RandomBytes));
            SessionCookie.WriteVisitor(context, options, secret);
        }
        return context.Page<SignInPage>(status, ("Token", FormToken.Of(secret)), ("Return", Links.Local(back)), ("Username", username), ("Errors", errors),
            ("Provider", options.SignIn.OpenIdConnect is { IsConfigured: true } provider ? provider.Label : null));
    }
}
