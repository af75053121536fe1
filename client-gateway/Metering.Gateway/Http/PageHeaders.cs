using Microsoft.AspNetCore.Http;

namespace Metering.Gateway.Http;

/// <summary>For the pages that browsers show: nobody frames them, guesses their type, or learns where a reader came from.</summary>
internal sealed class PageHeaders(RequestDelegate next)
{
    private const string Docs = "frame-ancestors 'none'; base-uri 'self'; form-action 'self'; object-src 'none'";

    // All of it is in the package. Styles within elements are what its charts and tables are drawn with.
    private const string Dashboard =
        "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; font-src 'self' data:; connect-src 'self'; "
        + "frame-ancestors 'none'; base-uri 'none'; form-action 'none'";

    public Task InvokeAsync(HttpContext context)
    {
        var policy = PolicyOf(context.Request.Path);
        if (policy is not null)
        {
            var headers = context.Response.Headers;
            headers.ContentSecurityPolicy = policy;
            headers.XFrameOptions = "DENY";
            headers.XContentTypeOptions = "nosniff";
            headers["Referrer-Policy"] = "no-referrer";
        }

        return next(context);
    }

    private static string? PolicyOf(PathString path) =>
        path.StartsWithSegments("/docs", StringComparison.Ordinal) ? Docs
        : path.StartsWithSegments(DashboardPages.Path, StringComparison.OrdinalIgnoreCase) ? Dashboard
        : null;
}
