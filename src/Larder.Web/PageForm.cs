using Larder.Registry;
using Larder.Registry.Access;
using Larder.Web.Pages;
using Larder.Web.SigningIn;
using Microsoft.AspNetCore.Http;

namespace Larder.Web;

/// <summary>A form that came from one of our own pages.</summary>
public sealed class PageForm
{
    private readonly IFormCollection fields;

    private PageForm(IFormCollection fields) => this.fields = fields;

    /// <summary>What was typed, without the blanks around it; empty for a field that was not sent.</summary>
    public string this[string field] => fields[field].ToString().Trim();

    /// <summary>Exactly what was typed.</summary>
    public string Exact(string field) => fields[field].ToString();

    /// <summary>Whether the form has this field, whatever was typed into it.</summary>
    public bool Has(string field) => fields.ContainsKey(field);

    /// <summary>The values of several boxes of one name.</summary>
    public IReadOnlyList<string> All(string field) => [.. fields[field].OfType<string>()];

    /// <summary>
    /// Reads the form of somebody signed in, or answers what to say instead: back to signing in, if the session has ended, or 403 for
    /// a form that no page of this session has sent.
    /// </summary>
    public static async Task<(PageForm? Form, IResult? Refusal)> ReadAsync(HttpContext context, LarderOptions options)
    {
        if (context.SignInFirst() is { } signIn) return (null, signIn);
        return await ReadAsync(context, SessionCookie.Read(context, options));
    }

    /// <summary>The same with the secret that the form is bound to.</summary>
    internal static async Task<(PageForm? Form, IResult? Refusal)> ReadAsync(HttpContext context, string? secret)
    {
        if (!context.Request.HasFormContentType) return (null, Strange(context));
        try
        {
            var fields = await context.Request.ReadFormAsync(context.RequestAborted);
            return FormToken.Fits(context.Request, secret, fields[FormToken.Field]) ? (new PageForm(fields), null) : (null, Strange(context));
        }
        catch (InvalidDataException)
        {
            return (null, Strange(context)); // malformed, or larger than any form of ours
        }
    }

    /// <summary>403: not one of our forms, or one from before the session.</summary>
    internal static IResult Strange(HttpContext context) => context.Page<ErrorPage>(StatusCodes.Status403Forbidden,
        ("Title", "This form is out of date"), ("Text", "Go back, load the page again and send it once more. Nothing was changed."));
}
