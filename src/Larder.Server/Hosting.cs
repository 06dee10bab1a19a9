namespace Larder.Server;

/// <summary>How the process listens and logs.</summary>
internal static class Hosting
{
    private const string DefaultUrl = "http://127.0.0.1:8080";

    /// <summary>Kestrel, the default address and JSON logs.</summary>
    public static void Configure(WebApplicationBuilder builder)
    {
        if (string.IsNullOrEmpty(builder.Configuration[WebHostDefaults.ServerUrlsKey])) builder.WebHost.UseUrls(DefaultUrl);
        builder.WebHost.UseKestrelHttpsConfiguration();
        builder.WebHost.ConfigureKestrel(kestrel =>
        {
            kestrel.AddServerHeader = false;
            // Uploads lift it for themselves; every other body is a small form or JSON.
            kestrel.Limits.MaxRequestBodySize = 1 << 20;
        });
        builder.Logging.ClearProviders();
        builder.Logging.AddJsonConsole(console => console.UseUtcTimestamp = true);
        // A line for each request belongs to the proxy in front; failures are logged by whoever knows why.
        builder.Logging.AddFilter("Microsoft.AspNetCore", LogLevel.Warning);
        // It warns that its keys are kept unencrypted: who can read the database may read them. And below warnings it shows keys.
        builder.Logging.AddFilter("Microsoft.AspNetCore.DataProtection", LogLevel.Error);
    }
}
