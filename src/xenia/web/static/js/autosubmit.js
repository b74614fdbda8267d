// Posts the answer of an authorization request (response_mode=form_post). Without scripts the person presses Continue.
document.querySelector('form#autosubmit')?.submit();
