using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using Microsoft.AspNetCore.Http;

namespace Larder.Registry.Http;

/// <summary>A route value that is the number of a row.</summary>
public static class RowId
{
    /// <summary>Reads it; anything but a whole number is 400 <c>{"error":"name is invalid"}</c>.</summary>
    public static bool TryRead(HttpContext context, string name, out long id, [NotNullWhen(false)] out ApiError? error)
    {
        error = null;
        if (long.TryParse(context.Segment(name), NumberStyles.None, CultureInfo.InvariantCulture, out id)) return true;
        error = ApiError.Invalid($"{name} is invalid");
        return false;
    }
}
