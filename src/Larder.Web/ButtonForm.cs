using Larder.Registry;
using Larder.Web.Pages;
using Microsoft.AspNetCore.Http;

namespace Larder.Web;

/// <summary>Forms that are little more than a button: they run one operation of the API, after which another page is looked at.</summary>
internal static class ButtonForm
{
    /// <summary>Runs it. What is not there, or not for the caller to see, is 404; any other refusal is a page that says why.</summary>
    /// <param name="context">The POST.</param>
    /// <param name="verb">As in <c>DELETE</c>.</param>
    /// <param name="pattern">The route of the operation.</param>
    /// <param name="route">Values for the braces of the route.</param>
    /// <param name="next">The page to look at afterwards.</param>
    /// <param name="json">Parameters of the operation, made from the form; null for none.</param>
    public static Task<IResult> RunAsync(
        HttpContext context, string verb, string pattern, IReadOnlyDictionary<string, object> route, string next, Func<PageForm, object>? json = null) =>
        RunAsync(context, verb, pattern, route, _ => next, json);

    /// <summary>The same, where the form says what page is next.</summary>
    public static async Task<IResult> RunAsync(
        HttpContext context, string verb, string pattern, IReadOnlyDictionary<string, object> route, Func<PageForm, string> next,
        Func<PageForm, object>? json = null)
    {
        var services = context.RequestServices;
        var (form, refusal) = await PageForm.ReadAsync(context, (LarderOptions)services.GetService(typeof(LarderOptions))!);
        if (form is null) return refusal!;
        var outcome = await ((ApiOperation)services.GetService(typeof(ApiOperation))!).RunAsync(context, verb, pattern, route, json?.Invoke(form));
        if (outcome.Succeeded) return context.SeeOther(next(form));
        return outcome.Status == StatusCodes.Status404NotFound ? context.NoSuchPage()
            : context.Page<ErrorPage>(outcome.Status, ("Title", "That was not done"), ("Text", string.Join(", ", outcome.Errors.Besides([]))));
    }
}
